/** The door of the house: `data-state` of the page says how far it is open. */
export function Door() {
  return (
    <svg class="door" viewBox="0 0 80 100" aria-hidden="true">
      <path class="glow" d="M8 100V40a32 32 0 0 1 64 0v60z" />
      <path class="leaf" d="M8 100V40a32 32 0 0 1 64 0v60z" />
      <path class="frame" d="M5 100V40a35 35 0 0 1 70 0v60" />
    </svg>
  );
}
