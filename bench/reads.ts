import { Arena, type Served } from './support/arena.js';
import type { Figure } from './support/figure.js';
import { type Answer, closedLoop } from './support/http-client.js';
import { allowExplaining, plansOf, postgresLog } from './support/plans.js';
import { type SeededKey, someKeys } from './support/seed.js';
import { spread, typicalQuantile } from './support/stats.js';

const KEYS = 100_000;
const ROUNDS = 5;
const CALLS = 200;
const CONNECTIONS = [1, 4];
const MOST_MS = 20;

interface Question {
  what: string;
  /** The same for both sides; the bare one has other names for it. */
  query: (key: SeededKey) => string;
}

const QUESTIONS: Question[] = [
  { what: 'A key by the hash of its token', query: ({ token_hash }) => `token_hash=${token_hash}` },
  { what: 'List of 20', query: () => 'page_size=20' },
  { what: 'List of 20, search that finds one', query: ({ name }) => `page_size=20&search=${name.slice(1)}` },
  { what: 'List of 20, search that finds 10,000', query: () => 'page_size=20&search=TENTH' },
];

/** What operators ask most, out of 100,000 keys, beside a bare express handler with the plainest SQL. */
export async function reads(folder: string): Promise<Figure[]> {
  const arena = await Arena.open(folder, 'bench_reads', { redisDb: 1, keys: KEYS });
  try {
    await allowExplaining(arena.pool, arena.database);
    const ours = await arena.serve();
    const bare = await arena.serveBare();
    const keys = await someKeys(arena.pool, CALLS);
    const figures: Figure[] = [];
    for (const question of QUESTIONS) figures.push(...(await ask(question, { ours, bare, keys })));
    return [...figures, await scans(arena, { ours, folder, keys })];
  } finally {
    await arena.close();
  }
}

async function ask(
  { what, query }: Question,
  on: { ours: Served; bare: Served; keys: SeededKey[] },
): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const connections of CONNECTIONS) {
    const taken = { ours: [] as number[][], bare: [] as number[][] };
    for (let round = 0; round <= ROUNDS; round++) {
      const ours = await closedLoop(connections, CALLS, getter(on.ours, '/admin/keys', on.keys, query));
      const bare = await closedLoop(connections, CALLS, getter(on.bare, '/keys', on.keys, query));
      if (round === 0) continue; // warms up
      taken.ours.push(ours);
      taken.bare.push(bare);
    }
    figures.push({
      what: `${what}, of ${KEYS.toLocaleString('en')} keys, ${connections} at a time`,
      ours: spread(taken.ours),
      yardstick: `bare express + pg: ${spread(taken.bare)}`,
      target: 'p99 ≤ 20 ms',
      isMet: typicalQuantile(taken.ours, 0.99) <= MOST_MS,
    });
  }
  return figures;
}

function getter({ http }: Served, path: string, keys: SeededKey[], query: Question['query']): () => Promise<Answer> {
  let next = 0;
  return () => http.call('GET', `${path}?${query(keys[next++ % keys.length]!)}`);
}

/** Of the statements that our server runs for these questions, which read a table from end to end? */
async function scans(arena: Arena, on: { ours: Served; folder: string; keys: SeededKey[] }): Promise<Figure> {
  const plans = await plansOf(arena.pool, postgresLog(on.folder), async () => {
    for (const { query } of QUESTIONS) await on.ours.http.call('GET', `/admin/keys?${query(on.keys[0]!)}`);
  });
  const ofKeys = plans.filter(({ query }) => /\bkeys\b|\bkey_secrets\b/.test(query));
  const scanning = ofKeys.filter(({ scanned }) => scanned.length > 0);
  for (const { query, scanned } of scanning) process.stderr.write(`reads all of ${scanned.join(', ')}: ${query}\n`);
  return {
    what: '… statements among these that read a table from end to end',
    ours: `${scanning.length} of ${ofKeys.length}`,
    yardstick: '',
    target: '0',
    isMet: scanning.length === 0 && ofKeys.length >= QUESTIONS.length,
  };
}
