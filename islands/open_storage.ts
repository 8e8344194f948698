/** A store of this browser, or null where its settings allow none: the page works without memory. */
export function openStorage(name: "localStorage" | "sessionStorage"): Storage | null {
  try {
    return globalThis[name];
  } catch {
    return null;
  }
}
