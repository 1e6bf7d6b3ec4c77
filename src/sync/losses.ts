import { HASH_OF, type HashKind } from '../contract/redis-keys.js';

/** How many of each kind there are. */
export type Counts = ReadonlyMap<HashKind, number>;

/** What Redis holds of a kind, and what would be left of it. */
export interface Loss {
  kind: HashKind;
  from: number;
  to: number;
}

export const HASH_KINDS = Object.keys(HASH_OF) as HashKind[];

/** So few may go without a word, as long as some stay. */
export const FEW = 100;

/**
 * The kinds that would lose more than half, and more than a few, or all.
 * @param explained how many may be gone because somebody said so: they have changed since Redis was written
 */
export function lossesOf(held: Counts, coming: Counts, explained: Counts): Loss[] {
  return HASH_KINDS.flatMap((kind) => {
    const [from, to] = [held.get(kind) ?? 0, coming.get(kind) ?? 0];
    const gone = from - to - (explained.get(kind) ?? 0);
    const isMuch = gone > FEW && gone * 2 > from;
    return gone > 0 && (to === 0 || isMuch) ? [{ kind, from, to }] : [];
  });
}

/** Whether what was shown is no smaller than what would happen. */
export function covers(shown: readonly Loss[], losses: readonly Loss[]): boolean {
  const gone = new Map(shown.map(({ kind, from, to }) => [kind, from - to]));
  return losses.every(({ kind, from, to }) => from - to <= (gone.get(kind) ?? 0));
}

export const describeLosses = (losses: readonly Loss[]): string =>
  losses.map(({ kind, from, to }) => `${from} -> ${to} of kind ${kind}`).join(', ');
