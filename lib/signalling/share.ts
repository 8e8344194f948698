/** How offers are shared where more people want one than there are. No IO. */
import type { Context } from "./context.ts";
import { digest } from "./digest.ts";
import type { Offer } from "./offer.ts";

/** A browser has answered by then, unless its network is bad; the leases of robots grow older. In ms. */
const LEFT_ALONE = 2_000;

/** Who holds a lease: the same for all of one address, in one session only, and not the address itself. */
export function nameHolder(session: string, address: string): string {
  return digest(`${session} ${address}`).slice(0, 12);
}

/**
 * A lease to be taken from its holder for `holder`: the oldest of one who holds more than half of those
 * that are `out`. Nobody else's is touched, so somebody with the link keeps half of the pool at most while
 * others wait, and all of it while nobody does. In `out` it is the new holder's from then on.
 */
export function takeShare(
  { now, settings }: Context,
  out: Deno.KvEntry<Offer>[],
  holder: string,
): Deno.KvEntry<Offer> | undefined {
  const held = Map.groupBy(out, ({ value }) => value.leasedTo);
  const mine = held.get(holder)?.length ?? 0;
  const [most, theirs] = [...held].find(([, { length }]) => length > out.length / 2) ?? [];
  if (!most || !theirs || theirs.length <= mine + 1) return;
  const oldest = theirs.reduce((a, b) => a.value.leaseExpiresAt! < b.value.leaseExpiresAt! ? a : b);
  const age = now() - (oldest.value.leaseExpiresAt! - settings.leaseTime);
  if (age < LEFT_ALONE) return;
  const leaseExpiresAt = now() + settings.leaseTime;
  out[out.indexOf(oldest)] = {
    ...oldest,
    value: { ...oldest.value, leasedTo: holder, leaseExpiresAt },
  };
  return oldest;
}
