import { type Arena, sideBySide } from './support/arena.js';
import type { Figure } from './support/figure.js';
import { someKeys } from './support/seed.js';
import { type Change, type Latencies, ORIGINAL, OURS, Side } from './support/side.js';
import { spread, typicalQuantile } from './support/stats.js';

const PACE = { perSecond: 100, perRequest: 1 };
const ROUNDS = 5;
const ROUND_CHANGES = 1000;
const KEYS = (ROUNDS + 1) * ROUND_CHANGES;
/** Every so many changes, one is a revocation. */
const REVOKED = 10;
/** A value that no key has before it is changed. */
const NEW_WEIGHT = 77;

/** How long a change takes to Redis at 100 changes/s, seen by a reader that asks for the very field every millisecond. */
export const propagation = (folder: string): Promise<Figure[]> =>
  sideBySide(folder, { name: 'bench_propagation', keys: KEYS }, compare);

async function compare(ours: Arena, original: Arena): Promise<Figure[]> {
  const sides = {
    ours: new Side(ours, await ours.serve(), OURS),
    original: new Side(original, await original.serveOriginal(), ORIGINAL),
  };
  const keys = { ours: await someKeys(ours.pool, KEYS), original: await someKeys(original.pool, KEYS) };
  const taken = { ours: [] as Latencies[], original: [] as Latencies[] };
  for (let round = 0; round <= ROUNDS; round++) {
    for (const name of ['ours', 'original'] as const) {
      const part = keys[name].slice(round * ROUND_CHANGES, (round + 1) * ROUND_CHANGES);
      const latencies = await sides[name].round(part, PACE, changeOf);
      if (round > 0) taken[name].push(latencies); // the first warms up
    }
  }
  return [...figures(taken.ours, taken.original), refusalsFigure(sides.ours, sides.original)];
}

const changeOf = (i: number): Change => (i % REVOKED === 0 ? 'revoke' : { weight: NEW_WEIGHT });

function figures(ours: Latencies[], original: Latencies[]): Figure[] {
  const p99 = (name: keyof Latencies): number => typicalQuantile(column(ours, name), 0.99);
  const both = (name: keyof Latencies): Pick<Figure, 'ours' | 'yardstick'> => ({
    ours: spread(column(ours, name)),
    yardstick: `the original's way: ${spread(column(original, name))}`,
  });
  return [
    {
      what: `Commit → visible in Redis, ${PACE.perSecond} changes/s`,
      ...both('edits'),
      target: 'p50 ≤ 15 ms, p99 ≤ 100 ms',
      isMet: typicalQuantile(column(ours, 'edits'), 0.5) <= 15 && p99('edits') <= 100,
    },
    {
      what: 'Commit → revocation visible, among those',
      ...both('revocations'),
      target: 'p99 ≤ 100 ms',
      isMet: p99('revocations') <= 100,
    },
    { what: '… HTTP answer → visible (negative: before it)', ...both('fromAnswer'), target: '' },
    { what: '… the HTTP request itself', ...both('requests'), target: '' },
  ];
}

const refusalsFigure = (ours: Side, original: Side): Figure => ({
  what: '… of them answered 503 and sent again, with those that warm up',
  ours: String(ours.refusals),
  yardstick: `the original's way: ${original.refusals}`,
  target: '0',
  isMet: ours.refusals === 0,
});

const column = (rounds: Latencies[], name: keyof Latencies): number[][] => rounds.map((round) => round[name]);
