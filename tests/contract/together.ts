/** One of several tests at the same time. */
export interface Performance {
  fn(): Promise<void>;
  ignore?: boolean;
  /** Why it is ignored. */
  why?: string;
}

/** Steps at the same time cannot tell whose resources are whose; the test around them can. */
const UNGUARDED = { sanitizeOps: false, sanitizeResources: false, sanitizeExit: false };

/** Tests that mostly wait: at the same time, each with servers of its own. `guards` of the whole. */
export function testTogether(
  name: string,
  performances: Record<string, Performance>,
  guards: Pick<Deno.TestDefinition, "sanitizeOps" | "sanitizeResources"> = {},
): void {
  const fn = async (t: Deno.TestContext) => {
    await Promise.all(
      Object.entries(performances).map(([name, { fn, ignore = false, why }]) =>
        t.step({ name: ignore ? `${name} ${why}` : name, fn, ignore, ...UNGUARDED })
      ),
    );
  };
  Deno.test({ name, fn, ...guards });
}
