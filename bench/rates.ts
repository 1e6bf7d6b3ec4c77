import { type Arena, sideBySide } from './support/arena.js';
import type { Figure } from './support/figure.js';
import { type SeededKey, someKeys } from './support/seed.js';
import { ORIGINAL, OURS, type Pace, Side } from './support/side.js';
import { quantile, spread } from './support/stats.js';

/** `BENCH_RATES_KEYS=10000,100000` leaves out the largest, which takes some minutes to write. */
const SIZES = (process.env.BENCH_RATES_KEYS ?? '10000,100000,1000000').split(',').map(Number);
const SECONDS = 10;
const WARM_UP = { keys: 200, pace: { perSecond: 100, perRequest: 1 } };
const MOST_AT_ONCE = 10_000;

const BATCH = 50;

/** Commits of configuration are made one after another, so a thousand changes a second come as batches. */
const PACES: Pace[] = [
  { perSecond: 10, perRequest: 1 },
  { perSecond: 100, perRequest: 1 },
  { perSecond: 1000, perRequest: BATCH },
];

/** How long changes take to Redis, by their rate and by the number of keys that there are. */
export async function rates(folder: string): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const keys of SIZES) {
    const name = `bench_rates_${keys}`;
    figures.push(...(await sideBySide(folder, { name, keys }, (ours, original) => compare(ours, original, keys))));
  }
  return figures;
}

async function compare(ours: Arena, original: Arena, size: number): Promise<Figure[]> {
  const sides = [
    new Side(ours, await ours.serve(), OURS),
    new Side(original, await original.serveOriginal(), ORIGINAL),
  ];
  const keys = byMaster(await someKeys(ours.pool, MOST_AT_ONCE));
  // A weight that no key has had tells a change from those before.
  let weight = 100;
  for (const side of sides) await side.round(keys.slice(0, WARM_UP.keys), WARM_UP.pace, () => ({ weight }));
  const figures: Figure[] = [];
  for (const pace of PACES) {
    weight += 1;
    const changed = keys.slice(0, pace.perSecond * SECONDS);
    const taken: number[][] = [];
    for (const side of sides) side.refusals = 0;
    for (const side of sides) taken.push((await side.round(changed, pace, () => ({ weight }))).edits);
    figures.push({
      what: `Commit → visible, ${describe(pace)}, ${size.toLocaleString('en')} keys`,
      ours: spread([taken[0]!]) + refused(sides[0]!),
      yardstick: `the original's way, one by one: ${spread([taken[1]!])}${refused(sides[1]!)}`,
      target: pace.perSecond === 100 ? 'p50 ≤ 15 ms, p99 ≤ 100 ms' : '',
      ...(pace.perSecond === 100 && { isMet: quantile(taken[0]!, 0.5) <= 15 && quantile(taken[0]!, 0.99) <= 100 }),
    });
  }
  return figures;
}

const refused = ({ refusals }: Side): string => (refusals > 0 ? `; ${refusals} × 503, sent again` : '');

const describe = ({ perSecond, perRequest }: Pace): string =>
  `${perSecond.toLocaleString('en')} changes/s${perRequest > 1 ? ` in batches of ${perRequest}` : ''}`;

/** Batches are those of a master: whole ones first, in any order. */
function byMaster(keys: SeededKey[]): SeededKey[] {
  const groups = new Map<number, SeededKey[]>();
  const whole: SeededKey[] = [];
  for (const key of keys) {
    const group = groups.get(key.master_id) ?? [];
    group.push(key);
    groups.set(key.master_id, group);
    if (group.length === BATCH) whole.push(...group.splice(0));
  }
  return whole;
}
