import { useEffect, useState } from "preact/hooks";

/** As in room.css: from here on the chat stands beside the rest and gives it all the height. */
const WIDE = matchMedia("(min-width: 60rem)");

/** Whether the window is wide just now. */
export function useWide(): boolean {
  const [isWide, setWide] = useState(WIDE.matches);
  useEffect(() => {
    const follow = () => setWide(WIDE.matches);
    WIDE.addEventListener("change", follow);
    return () => WIDE.removeEventListener("change", follow);
  }, []);
  return isWide;
}
