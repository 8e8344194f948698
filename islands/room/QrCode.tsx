import { correction, generate } from "lean-qr/nano";
import { useMemo } from "preact/hooks";

/** Light modules around the code (ISO/IEC 18004 section 9.1). */
const QUIET = 4;

/** Dark on light in every colour scheme: many readers know no other. */
export function QrCode({ text }: { text: string }) {
  const { size, path } = useMemo(() => drawCode(text), [text]);
  return (
    <svg
      class="qr"
      viewBox={`0 0 ${size} ${size}`}
      role="img"
      aria-label="QR code of the session link"
    >
      <rect width={size} height={size} fill="#fff" />
      <path d={path} fill="#000" shape-rendering="crispEdges" />
    </svg>
  );
}

function drawCode(text: string): { size: number; path: string } {
  const code = generate(text, { minCorrectionLevel: correction.M });
  const runs: string[] = [];
  for (let y = 0; y < code.size; y++) {
    for (let x = 0; x < code.size; x++) {
      if (code.get(x, y)) runs.push(`M${x + QUIET} ${y + QUIET}h1v1h-1z`);
    }
  }
  return { size: code.size + 2 * QUIET, path: runs.join("") };
}
