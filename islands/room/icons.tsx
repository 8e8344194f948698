/** Pictures on buttons; the button's words say the same. */
const PATHS = {
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  check: "M5 13l4 4L19 7",
  share: "M12 15V3m0 0L7.5 7.5M12 3l4.5 4.5M5 12v8h14v-8",
  code: "M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h2v2h-2zM18 18h2v2h-2zM18 14h2M14 20h2",
  clip:
    "M20 11l-8.6 8.6a5 5 0 0 1-7-7L13 4a3.4 3.4 0 0 1 4.8 4.8l-8.5 8.5a1.7 1.7 0 0 1-2.4-2.4L14.5 7",
  send: "M5 12h14m0 0l-6-6m6 6l-6 6",
  file: "M13 3H6v18h12V8zm0 0v5h5",
  leave: "M10 4H5v16h5M16 8l4 4-4 4M20 12H10",
  camera: "M3 7h12v10H3zM15 11l6-3v8l-6-3",
  dark: "M5 7h10v8M15 11l6-3v8l-3-1.5M12 17H3V8M3 3l18 18",
  microphone: "M9 6a3 3 0 0 1 6 0v5a3 3 0 0 1-6 0zM5 11a7 7 0 0 0 14 0M12 18v3",
  muted:
    "M9 9v2a3 3 0 0 0 4.5 2.6M15 11V6a3 3 0 0 0-5.8-1M5 11a7 7 0 0 0 11 5.7M19 11q0 1.5-.6 2.8M12 18v3M3 3l18 18",
  close: "M6 6l12 12M18 6L6 18",
};

export function Icon({ name }: { name: keyof typeof PATHS }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
