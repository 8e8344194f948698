/** The door of the house: `data-state` of the page says how far it is open. */
export function Door() {
  return (
    <svg class="door" viewBox="0 0 80 112" aria-hidden="true">
      <path class="glow" d="M5 100V40a35 35 0 0 1 70 0v60" />
      <path class="glow spill" d="M5 100h70l-12 12H-7z" />
      <path class="frame" d="M5 100V40a35 35 0 0 1 70 0v60M0 100h80" />
      <g class="leaf">
        <path d="M5 100V40a35 35 0 0 1 70 0v60z" />
        <circle class="glow" cx="66" cy="62" r="3" />
      </g>
    </svg>
  );
}
