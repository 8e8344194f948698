/** What `@std/assert` means here: the same code from npm, since JSR is out of reach of our machines. */
// @ts-types="./deno_std_assert.d.ts"
export * from "npm:deno-std@1.4.0/assert/mod.js";
