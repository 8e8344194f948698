/** What `@std/testing/bdd` means here: Node's own, which `deno test` runs. */
export {
  after as afterAll,
  afterEach,
  before as beforeAll,
  beforeEach,
  describe,
  it,
} from "node:test";
