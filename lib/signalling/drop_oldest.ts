/** Of more than `most` entries the one that was put in first goes: memory has a bound. */
export function dropOldest(entries: Map<string, unknown> | Set<string>, most: number) {
  if (entries.size > most) entries.delete(entries.keys().next().value!);
}
