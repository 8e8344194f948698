import { createDeadlines } from "../lib/signalling/deadline.ts";
import type { Fields } from "./cors.ts";
import { answerProblem } from "./problem.tsx";

/** Time for a whole body, in milliseconds. */
const BODY_TIME = 10_000;

const deadlines = createDeadlines(BODY_TIME);
const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * The body as text, where it is JSON by its type (or the `text/plain` that needs no preflight), of
 * at most `most` bytes and valid UTF-8; else the response that says what is wrong, with `fields`.
 */
export async function readBody(
  request: Request,
  most: number,
  fields: Fields,
): Promise<string | Response> {
  const type = request.headers.get("Content-Type")?.split(";")[0].trim().toLowerCase() ?? "";
  if (type !== "application/json" && type !== "text/plain") {
    return answerProblem(request, "unsupported-type", `Content-Type is "${type}".`, fields);
  }
  const tooLarge = () =>
    answerProblem(request, "too-large", `The body has more than ${most} bytes.`, fields);
  const length = request.headers.get("Content-Length");
  if (Number(length ?? 0) > most) return tooLarge();
  // HTTP holds a body to the length that it declares.
  const bytes = length === null ? await readBytes(request.body, most) : await readWhole(request);
  if (bytes === "too-large") return tooLarge();
  if (bytes === "cut") return answerProblem(request, "invalid", "The body was cut off.", fields);
  if (bytes === "timeout") {
    return answerProblem(request, "timeout", "The body came too slowly.", fields);
  }
  try {
    return decoder.decode(bytes);
  } catch {
    return answerProblem(request, "invalid", "The body is not UTF-8.", fields);
  }
}

function readWhole(request: Request): Promise<Uint8Array | "timeout" | "cut"> {
  return new Promise((resolve) => {
    const cancel = deadlines.start(() => resolve("timeout"));
    request.bytes().then(resolve, () => resolve("cut")).then(cancel);
  });
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
