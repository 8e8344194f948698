/**
 * Checks one by one what a connection needs, and says in plain words what is missing and what helps:
 *
 * ```ts
 * import { checkConnection } from "https://foyer.example/client.check.js";
 * for (const { name, result, message } of await checkConnection()) console.log(name, result, message);
 * ```
 *
 * TURN credentials are for those who have a session (or a lease), so the check starts a session of its
 * own, reads them from its welcome, opens its link once as a joiner would, and ends it.
 */
import { findServer } from "./origin.ts";
import { checkBrowser, checkEncryption } from "./check/browser.ts";
import { type Check, type CheckName, failed, type Finding, skipped } from "./check/finding.ts";
import { checkLoopback, checkStun, checkTurn, type Transport } from "./check/ice.ts";
import { checkServer, checkSocket, type Trial } from "./check/server.ts";

export type { Check, CheckName };
export { CHECKS } from "./check/finding.ts";

export interface CheckOptions {
  /** Address of the Foyer server; the one this script came from unless told. */
  server?: string;
  /** Those that the server gives to a session unless told. */
  iceServers?: RTCIceServer[];
  signal?: AbortSignal;
  /** Called with each check as it is done. */
  onprogress?: (check: Check) => void;
}

const home = findServer(import.meta.url);

/**
 * All checks, in the order of `CHECKS`. What cannot work is a result here, never an error.
 * @throws the reason of `signal` when it aborts; TypeError where `server` is no address.
 */
export async function checkConnection(options: CheckOptions = {}): Promise<Check[]> {
  const { server = home, signal, onprogress } = options;
  const base = new URL(server.replace(/\/?$/, "/")).href;

  async function run<T extends Finding>(name: CheckName, check: () => T | Promise<T>) {
    signal?.throwIfAborted();
    const start = performance.now();
    const finding = await attempt(check) as T;
    const { result, message, addresses } = finding;
    const ms = Math.round(performance.now() - start);
    const done: Check = { name, result, message, ms, ...addresses && { addresses } };
    onprogress?.(done);
    return { done, finding };
  }

  const browser = await run("browser", checkBrowser);
  const encryption = await run("encryption", checkEncryption);
  const reached = await run("server", () => checkServer(base, signal));
  const socket = await run<Finding & { trial?: Trial }>("socket", () => {
    if (reached.finding.result === "ok") return checkSocket(base, signal);
    return skipped("Not tried, because the server was not reached.");
  });
  const { trial } = socket.finding;
  const signalling = await run("signalling", () => {
    return trial ? trial.pass(signal) : skipped("Not tried, because no socket opened.");
  }).finally(trial?.end);

  const hasWebRtc = browser.finding.result === "ok";
  const iceServers = options.iceServers ?? trial?.iceServers;
  const ways = await Promise.all([
    run("loopback", () => hasWebRtc ? checkLoopback(signal) : NO_WEBRTC),
    run("stun", () => tryWith((servers) => checkStun(servers, signal))),
    ...(["UDP", "TCP", "TLS"] as Transport[]).map((transport) =>
      run(
        `turn-${transport.toLowerCase() as Lowercase<Transport>}`,
        () => tryWith((servers) => checkTurn(transport, servers, signal)),
      )
    ),
  ]);
  return [browser, encryption, reached, socket, signalling, ...ways].map(({ done }) => done);

  /** A browser that refuses at once, such as an address that is none, has failed like any other. */
  async function attempt<T extends Finding>(check: () => T | Promise<T>): Promise<T | Finding> {
    try {
      return await check();
    } catch (error) {
      signal?.throwIfAborted();
      return failed(`The browser refuses: ${(error as Error).message}`);
    }
  }

  function tryWith(check: (iceServers: RTCIceServer[]) => Promise<Finding>) {
    if (!hasWebRtc) return NO_WEBRTC;
    if (!iceServers) {
      return skipped("Not known: the server names them to a session, and none started.");
    }
    return check(iceServers);
  }
}

const NO_WEBRTC = skipped("Not tried, because this browser makes no WebRTC connections.");
