import type { Version } from '../../src/contract/sync-records.js';

/** Versions may pass 2^53, so they are never numbers. */
export function isOlder(a: Version, b: Version): boolean {
  const gens = BigInt(a.gen) - BigInt(b.gen);
  return gens === 0n ? BigInt(a.version) < BigInt(b.version) : gens < 0n;
}

export const isVersion = ({ gen = '', version = '' }: Partial<Version>): boolean =>
  /^\d+$/.test(gen) && /^\d+$/.test(version);
