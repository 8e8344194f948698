/** A door before a server that keeps all that passes, in both directions, as text. */
import type { Server } from "../contract/harness.ts";

export interface RecordingDoor extends AsyncDisposable {
  readonly origin: string;
  /** Addresses, heads and bodies of requests and responses, and frames of sockets. */
  readonly record: string[];
}

export function openRecordingDoor(server: Server, hostname = "127.0.0.1"): RecordingDoor {
  const record: string[] = [];
  const write = (...words: unknown[]) => void record.push(words.join("\n"));

  const door = Deno.serve({ hostname, port: 0, onListen() {} }, async (request) => {
    const { pathname, search } = new URL(request.url);
    const address = server.origin + pathname + search;
    const headers = new Headers(request.headers);
    // What is compressed could not be searched.
    headers.set("accept-encoding", "identity");
    if (headers.get("upgrade") === "websocket") {
      write(request.url, ...headers);
      return passSocket(request, address.replace("http", "ws"));
    }
    const { method } = request;
    const body = method === "POST" ? await request.text() : null;
    write(method, request.url, ...headers, body);
    const response = await fetch(address, { method, headers, body });
    const text = await response.text();
    // The scripts are the same for everybody.
    if (!pathname.startsWith("/assets/")) write(response.status, ...response.headers, text);
    return new Response(response.status === 204 ? null : text, response);
  });

  function passSocket(request: Request, address: string): Response {
    const { socket: near, response } = Deno.upgradeWebSocket(request);
    const far = new WebSocket(address);
    const opened = new Promise((resolve) => far.onopen = resolve);
    near.onmessage = async ({ data }) => {
      write(data);
      await opened;
      far.send(data);
    };
    far.onmessage = ({ data }) => {
      write(data);
      near.send(data);
    };
    near.onclose = () => far.close();
    far.onclose = () => near.close();
    return response;
  }

  return {
    origin: `http://${hostname}:${door.addr.port}`,
    record,
    [Symbol.asyncDispose]: () => door.shutdown(),
  };
}
