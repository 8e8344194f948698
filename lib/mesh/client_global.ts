/** The client for one plain script tag: the global `Foyer` with `host`, `join` and `FoyerError`. */
import { FoyerError } from "./errors.ts";
import { join } from "./joiner.ts";
import { findServer } from "./origin.ts";
import { type HostOptions, startSession } from "./primary.ts";

// Known only while the script runs for the first time.
const server = findServer((document.currentScript as HTMLScriptElement | null)?.src);

const host = (options: HostOptions = {}) =>
  startSession({ ...options, server: options.server ?? server });

Object.assign(globalThis, { Foyer: { host, join, FoyerError } });
