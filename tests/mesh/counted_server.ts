/** A door before a server that counts every request and every frame that passes. */
import type { FromPrimary, FromServer } from "../../lib/protocol/wire.ts";
import type { Server } from "../contract/harness.ts";

export interface CountedServer extends AsyncDisposable {
  readonly origin: string;
  /** What passed, by what it is: `GET 200`, `primary -> deposit`, `server -> welcome`. */
  readonly counts: Map<string, number>;
  /** Answers that went to the primary: one frame may hold several. */
  readonly delivered: string[];
}

export function countTraffic(server: Server): CountedServer {
  const counts = new Map<string, number>();
  const delivered: string[] = [];
  const count = (what: string) => void counts.set(what, (counts.get(what) ?? 0) + 1);

  const door = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async (request) => {
      const address = server.origin + new URL(request.url).pathname;
      if (request.headers.get("upgrade") === "websocket") return passSocket(request, address);
      const response = await fetch(address, {
        method: request.method,
        headers: request.headers,
        body: request.body,
      });
      const isScript = address.endsWith(".js");
      if (!isScript) count(`${request.method} ${response.status}`);
      return response;
    },
  );

  function passSocket(request: Request, address: string): Response {
    const { socket: near, response } = Deno.upgradeWebSocket(request);
    const far = new WebSocket(address.replace("http", "ws"));
    const opened = new Promise((resolve) => far.onopen = resolve);
    count("sockets");
    near.onmessage = async ({ data }) => {
      const frame = JSON.parse(data) as FromPrimary;
      count(`primary -> ${"type" in frame ? frame.type : "deposit"}`);
      await opened;
      far.send(data);
    };
    far.onmessage = ({ data }) => {
      const frame = JSON.parse(data) as FromServer;
      count(`server -> ${frame.type}`);
      if (frame.type === "answers") delivered.push(...frame.connections.map(({ id }) => id));
      near.send(data);
    };
    near.onclose = () => far.close();
    far.onclose = () => near.close();
    return response;
  }

  return {
    origin: `http://127.0.0.1:${door.addr.port}`,
    counts,
    delivered,
    [Symbol.asyncDispose]: () => door.shutdown(),
  };
}
