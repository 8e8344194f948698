import { assertEquals, assertRejects } from "@std/assert";
import { mock } from "node:test";
import { gather, listKinds } from "../../lib/mesh/gathering.ts";

const STUN = { urls: "stun:stun.example:3478" };
const TURN = { urls: ["turn:turn.example", "turns:turn.example"], username: "u", credential: "c" };
const CAP = 400;

/** As much of an RTCPeerConnection as gathering needs; its candidates come when the test says so. */
class Connection {
  localDescription: { sdp: string } | null = null;
  onicecandidate: ((event: { candidate: { type: string } | null }) => void) | null = null;
  constructor(readonly iceServers: RTCIceServer[]) {}
  getConfiguration = () => ({ iceServers: this.iceServers });
  setLocalDescription(): Promise<void> {
    this.localDescription = { sdp: "v=0" };
    return Promise.resolve();
  }
  find(type: string): void {
    this.localDescription!.sdp += ` ${type}`;
    this.onicecandidate?.({ candidate: { type } });
  }
  complete(): void {
    this.onicecandidate?.({ candidate: null });
  }
}

/** Starts gathering under a clock that the test moves. */
async function start(iceServers: RTCIceServer[]) {
  mock.timers.enable({ apis: ["setTimeout"] });
  const connection = new Connection(iceServers);
  let sdp: string | undefined;
  gather(connection as unknown as RTCPeerConnection, CAP).then((result) => sdp = result);
  await settle();
  return {
    connection,
    /** The result after `ms` more milliseconds, if there is one by then. */
    async after(ms: number): Promise<string | undefined> {
      mock.timers.tick(ms);
      await settle();
      return sdp;
    },
    [Symbol.dispose]: () => mock.timers.reset(),
  };
}

/** Lets every promise that can settle do so: none of them waits for a clock here. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

Deno.test("listKinds() names what the configured servers can give", () => {
  assertEquals(listKinds(), new Set(["host"]));
  assertEquals(listKinds([STUN]), new Set(["host", "srflx"]));
  assertEquals(listKinds([TURN]), new Set(["host", "relay"]));
  assertEquals(listKinds([STUN, TURN]), new Set(["host", "srflx", "relay"]));
});

Deno.test("gather() without servers resolves when no more host candidates come", async () => {
  using gathering = await start([]);
  assertEquals(await gathering.after(CAP - 50), undefined);
  gathering.connection.find("host");
  assertEquals(await gathering.after(2), undefined);
  gathering.connection.find("host");
  assertEquals(await gathering.after(2), undefined);
  assertEquals(await gathering.after(1), "v=0 host host");
});

Deno.test("gather() waits for each kind that the servers can give", async () => {
  using gathering = await start([STUN, TURN]);
  gathering.connection.find("host");
  gathering.connection.find("relay");
  assertEquals(await gathering.after(100), undefined);
  gathering.connection.find("srflx");
  assertEquals(await gathering.after(10), "v=0 host relay srflx");
});

Deno.test("gather() with a dead server resolves at the cap, with what is there", async () => {
  using gathering = await start([STUN]);
  gathering.connection.find("host");
  assertEquals(await gathering.after(CAP - 1), undefined);
  assertEquals(await gathering.after(1), "v=0 host");
});

Deno.test("gather() lets the cap run from the first candidate", async () => {
  using gathering = await start([STUN]);
  assertEquals(await gathering.after(5 * CAP), undefined);
  gathering.connection.find("host");
  assertEquals(await gathering.after(CAP - 1), undefined);
  assertEquals(await gathering.after(1), "v=0 host");
});

Deno.test("gather() without a network resolves in the end", async () => {
  using gathering = await start([]);
  assertEquals(await gathering.after(9_999), undefined);
  assertEquals(await gathering.after(1), "v=0");
});

Deno.test("gather() resolves at once when gathering is complete", async () => {
  using gathering = await start([STUN]);
  gathering.connection.find("host");
  gathering.connection.complete();
  assertEquals(await gathering.after(0), "v=0 host");
});

Deno.test("gather() rejects where there is nothing to describe", async () => {
  const connection = new Connection([]);
  connection.setLocalDescription = () => Promise.reject(new TypeError("closed"));
  await assertRejects(() => gather(connection as unknown as RTCPeerConnection, CAP), TypeError);
});
