/** What a check of the connection found. */

/** In the order in which they are reported. */
export const CHECKS = [
  "browser",
  "encryption",
  "server",
  "socket",
  "signalling",
  "loopback",
  "stun",
  "turn-udp",
  "turn-tcp",
  "turn-tls",
] as const;

export type CheckName = typeof CHECKS[number];

export interface Finding {
  readonly result: "ok" | "failed" | "skipped";
  /** What it means and what to do, in plain words, without an address of this person. */
  readonly message: string;
  /** The addresses of this person that others saw; for `stun` alone. */
  readonly addresses?: readonly string[];
}

/** One thing that connecting needs, and whether it is there. */
export interface Check extends Finding {
  readonly name: CheckName;
  /** How long it took, in milliseconds. */
  readonly ms: number;
}

export const ok = (message: string): Finding => ({ result: "ok", message });
export const failed = (message: string): Finding => ({ result: "failed", message });
export const skipped = (message: string): Finding => ({ result: "skipped", message });
