import type { Edges } from './buckets.js';
import { keptSince, TIERS, type Tier, WIDTH_MS } from './rollup-tables.js';

/** Roll-ups of one width that are read: those that have their middle from `from` to before `to`. */
export interface Slice {
  tier: Tier;
  from: number;
  to: number;
}

export interface Reading {
  slices: Slice[];
  /** Before this, roll-ups that would fit the buckets are no longer kept. */
  exactSince: number | undefined;
}

/**
 * Which roll-ups make up the buckets: each as wide as fits between two edges, at most `widest`. Where those that fit are gone, the
 * next wider ones stand in, each in the bucket of its middle; where these are gone as well, nothing does.
 */
export function readingOf(edges: Edges, widest: Tier, now: number): Reading {
  const fitting = edges.slice(1).flatMap((to, i) => cover(edges[i]!, to, widest));
  const pieces = fitting.flatMap((piece) => splitByAge(piece, now));
  const slices = pieces.flatMap(({ fits, ...slice }) => standIn(slice, fits, { widest, now }));
  const inexact = pieces.findLast(({ fits }) => !fits);
  return { slices: merged(slices), exactSince: inexact?.to };
}

/** The widest roll-ups inside, and narrower ones at both ends. */
function cover(from: number, to: number, tier: Tier): Slice[] {
  if (from >= to) return [];
  const width = WIDTH_MS[tier];
  const narrower = TIERS[TIERS.indexOf(tier) - 1];
  if (!narrower) return [{ tier, from, to }];
  const first = Math.ceil(from / width) * width;
  const last = Math.floor(to / width) * width;
  if (first >= last) return cover(from, to, narrower);
  return [...cover(from, first, narrower), { tier, from: first, to: last }, ...cover(last, to, narrower)];
}

type Piece = Slice & { fits: boolean };

function splitByAge({ tier, from, to }: Slice, now: number): Piece[] {
  const since = Math.min(Math.max(keptSince(tier, now), from), to);
  const pieces = [
    { tier, from, to: since, fits: false },
    { tier, from: since, to, fits: true },
  ];
  return pieces.filter((piece) => piece.from < piece.to);
}

function standIn(slice: Slice, fits: boolean, { widest, now }: { widest: Tier; now: number }): Slice[] {
  if (fits) return [slice];
  if (slice.tier === widest) return [];
  const wider: Slice = { ...slice, tier: TIERS[TIERS.indexOf(slice.tier) + 1]! };
  return splitByAge(wider, now).flatMap(({ fits: kept, ...piece }) => standIn(piece, kept, { widest, now }));
}

function merged(slices: readonly Slice[]): Slice[] {
  const result: Slice[] = [];
  for (const slice of slices) {
    const before = result.findLast(({ tier }) => tier === slice.tier);
    if (before?.to === slice.from) before.to = slice.to;
    else result.push({ ...slice });
  }
  return result;
}
