/** The first of `available` that `accepted` (Accept-Encoding, RFC 9110 section 12.5.3) does not refuse. */
export function chooseEncoding<T extends string>(
  accepted: string | null | undefined,
  available: readonly T[],
): T | null {
  const names = (accepted ?? "").split(",")
    .filter((part) => !/;\s*q=0(\.0*)?\s*$/.test(part))
    .map((part) => part.split(";")[0].trim().toLowerCase());
  return available.find((name) => names.includes(name)) ?? null;
}
