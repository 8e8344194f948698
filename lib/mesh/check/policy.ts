/** The browser says that a page broke its policy a moment after what it forbade has failed. */
const MOMENT_MS = 200;

/** Watches what the page's Content-Security-Policy forbids (CSP Level 3 section 5.5). */
export function watchPolicy(): { isBroken(directive: string): Promise<boolean>; stop(): void } {
  const directives = new Set<string>();
  let wake = () => {};
  const note = ({ effectiveDirective }: SecurityPolicyViolationEvent) => {
    directives.add(effectiveDirective);
    wake();
  };
  document.addEventListener("securitypolicyviolation", note);
  return {
    async isBroken(directive) {
      if (!directives.has(directive)) {
        await new Promise<void>((resolve) => {
          wake = resolve;
          setTimeout(resolve, MOMENT_MS);
        });
      }
      return directives.has(directive);
    },
    stop: () => document.removeEventListener("securitypolicyviolation", note),
  };
}
