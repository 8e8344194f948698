/** Plays joiners: opens a link, answers the leased offer, and sees the answer reach the primary. */
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import type { Answer, Invitation } from "../../../lib/protocol/wire.ts";
import { makeDescription } from "./descriptions.ts";
import type { FoyerPrimary } from "./foyer_primary.ts";
import { HttpConnection, type Reply } from "./http_connection.ts";

/** What a joiner asks for: an Invitation, or the page as a browser asks for it. */
export type Visit = "json" | "page";

const FIELDS: Record<Visit, string> = {
  json: "accept: application/json\r\n",
  page: "accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n" +
    "accept-encoding: gzip, deflate, br, zstd\r\n",
};
/** A joiner that found no free offer asks again after up to this many milliseconds. */
const RETRY_TIME = 10;

type Lease = Pick<Answer, "offer" | "leaseExpiresAt">;

export class FoyerJoiner {
  retries = 0;
  /** When it sent the request that got it an offer, by `performance.now()`. */
  admittedAt = 0;
  #connection: HttpConnection | null = null;

  /** Joins at `origin`, by a connection for each join or one for all. */
  constructor(
    private readonly origin: string,
    private readonly visit: Visit,
    private readonly connections: "kept" | "fresh",
    /** Header fields beside those of every joiner. */
    private readonly fields = "",
  ) {}

  /** Milliseconds from the POST to the arrival of its answer at the primary. */
  async join(primary: FoyerPrimary): Promise<number> {
    const connection = this.#connection ??= await HttpConnection.open(this.origin);
    const duration = await this.#shakeHands(primary, connection);
    if (this.connections === "fresh") this.close();
    return duration;
  }

  close(): void {
    this.#connection?.close();
    this.#connection = null;
  }

  async #shakeHands(primary: FoyerPrimary, connection: HttpConnection): Promise<number> {
    const { offer, leaseExpiresAt } = await this.#lease(primary.id, connection);
    const answer = makeDescription();
    const body: Answer = { sessionId: primary.id, offer, answer, leaseExpiresAt };
    const content = JSON.stringify(body);
    const fields = "accept: application/json\r\ncontent-type: application/json\r\n" +
      this.fields;
    const arrival = primary.receive(answer);
    const sentAt = performance.now();
    const reply = await connection.request(`POST /${primary.id}`, fields, content);
    if (reply.status !== 202) throw unexpected(reply);
    return await arrival - sentAt;
  }

  async #lease(sessionId: string, connection: HttpConnection): Promise<Lease> {
    while (true) {
      this.admittedAt = performance.now();
      const reply = await connection.request(`GET /${sessionId}`, FIELDS[this.visit] + this.fields);
      if (reply.status === 200) return readLease(reply, this.visit);
      if (reply.status !== 503) throw unexpected(reply);
      this.retries++;
      await new Promise((resolve) => setTimeout(resolve, Math.random() * RETRY_TIME));
    }
  }
}

function readLease(reply: Reply, visit: Visit): Lease {
  const text = readText(reply);
  if (visit === "json") return JSON.parse(text) as Invitation & Lease;
  return {
    offer: readField(text, "offer"),
    leaseExpiresAt: Number(readField(text, "leaseExpiresAt")),
  };
}

/** What a browser's parser finds in the hidden field `name`, as far as descriptions need it. */
function readField(html: string, name: string): string {
  const mark = `<input type="hidden" name="${name}" value="`;
  const start = html.indexOf(mark) + mark.length;
  return html.slice(start, html.indexOf('"', start)).replace(
    /&#(\d+);/g,
    (_, code) => String.fromCharCode(Number(code)),
  );
}

function readText({ head, body }: Reply): string {
  const coding = head.match(/\r\ncontent-encoding: (\w+)/i)?.[1];
  const decode = { br: brotliDecompressSync, gzip: gunzipSync }[coding ?? ""];
  return new TextDecoder().decode(decode ? decode(body) : body);
}

function unexpected(reply: Reply): Error {
  return new Error(`a joiner got ${reply.head.split("\r\n")[0]}: ${readText(reply)}`);
}
