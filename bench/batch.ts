import { type Served, sideBySide } from './support/arena.js';
import type { Figure } from './support/figure.js';
import { median, medianRatio, seconds } from './support/stats.js';

const ITEMS = 1000;
const ROUNDS = 7;
const MOST_MS = 1000;

/** A thousand keys in one request, beside a bare express handler that inserts as many in one transaction. */
export const batch = (folder: string): Promise<Figure[]> =>
  sideBySide(folder, { name: 'bench_batch', keys: 0 }, async (ours, bare) => [
    await compare(await ours.serve(), await bare.serveBare()),
  ]);

async function compare(ours: Served, bare: Served): Promise<Figure> {
  const names = Array.from({ length: ITEMS }, (_, i) => `batch-${i}`);
  const taken = { ours: [] as number[], bare: [] as number[] };
  for (let round = 0; round < ROUNDS; round++) {
    const create = names.map((name) => ({ name }));
    const answer = await ours.http.call('POST', '/admin/masters/1/keys/batch', { create });
    // The seed is version 1, and each batch is one version more.
    if (answer.headers['ez-config-version'] !== `1.${round + 2}`) throw new Error('a batch took more than one version');
    taken.ours.push(answer.ms);
    const rows = names.map((name) => ({ name, master_id: 1 }));
    taken.bare.push((await bare.http.call('POST', '/keys', rows)).ms);
  }
  return {
    what: `Batch of ${ITEMS} keys, one version`,
    ours: `${seconds(median(taken.ours))}, longest ${seconds(Math.max(...taken.ours))}`,
    yardstick: `bare express + pg: ${seconds(median(taken.bare))}`,
    ratio: medianRatio(taken.bare, taken.ours),
    target: '≤ 1 s',
    isMet: median(taken.ours) <= MOST_MS,
  };
}
