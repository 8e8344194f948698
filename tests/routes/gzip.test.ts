import { assertEquals } from "@std/assert";
import { deflatePiece, joinPieces } from "../../routes/gzip.ts";

Deno.test("joinPieces() makes one gzip member that a browser's decoder takes for the whole text", async () => {
  const constant = "a constant of the program, ".repeat(200);
  for (const texts of [[""], ["one"], ["<p>", constant, "ünïcode €", constant, ""]]) {
    const gzip = joinPieces(texts.map(deflatePiece));
    const stream = new Blob([gzip]).stream().pipeThrough(new DecompressionStream("gzip"));
    assertEquals(await new Response(stream).text(), texts.join(""));
  }
});
