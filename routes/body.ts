import type { Context } from "hono";
import { answerProblem } from "./problem.tsx";

/** Time for a whole body, in milliseconds. */
const BODY_TIME = 10_000;

/**
 * The body as text, where it is JSON by its type (or the `text/plain` that needs no preflight), of
 * at most `most` bytes and valid UTF-8; else the response that says what is wrong.
 */
export async function readBody(c: Context, most: number): Promise<string | Response> {
  const type = c.req.header("Content-Type")?.split(";")[0].trim().toLowerCase() ?? "";
  if (type !== "application/json" && type !== "text/plain") {
    return answerProblem(c, "unsupported-type", `Content-Type is "${type}".`);
  }
  const tooLarge = () => answerProblem(c, "too-large", `The body has more than ${most} bytes.`);
  if (Number(c.req.header("Content-Length") ?? 0) > most) return tooLarge();
  const bytes = await readBytes(c.req.raw.body, most);
  if (bytes === "too-large") return tooLarge();
  if (bytes === "cut") return answerProblem(c, "invalid", "The body was cut off.");
  if (bytes === "timeout") return answerProblem(c, "timeout", "The body came too slowly.");
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return answerProblem(c, "invalid", "The body is not UTF-8.");
  }
}

async function readBytes(
  body: ReadableStream<Uint8Array> | null,
  most: number,
): Promise<Uint8Array<ArrayBuffer> | "too-large" | "timeout" | "cut"> {
  if (!body) return new Uint8Array();
  const reader = body.getReader();
  const late = Promise.withResolvers<"timeout">();
  const timer = setTimeout(() => late.resolve("timeout"), BODY_TIME);
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    while (true) {
      const read = await Promise.race([reader.read().catch(() => "cut" as const), late.promise]);
      if (read === "cut") return "cut";
      if (read === "timeout") return "timeout";
      if (read.done) break;
      size += read.value.length;
      if (size > most) return "too-large";
      chunks.push(read.value);
    }
  } finally {
    clearTimeout(timer);
    reader.cancel().catch(() => {});
  }
  const bytes = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}
