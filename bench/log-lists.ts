import type { Arena, Served } from './support/arena.js';
import type { Figure } from './support/figure.js';
import { closedLoop } from './support/http-client.js';
import { LOG_KEYS, LOG_MASTERS } from './support/log-generator.js';
import { median, ms, spread, typicalQuantile } from './support/stats.js';

const ROUNDS = 5;
const CALLS = 40;
const PLAIN_CALLS = 3;
const MOST_MS = 100;
const LIMIT = 50;
const DAY_MS = 86_400_000;

interface Question {
  what: string;
  /** The i-th has other values than the one before. */
  query: (i: number) => Record<string, string>;
  /** The same in SQL, of the first. */
  where: string;
}

const daysAgo = (days: number): string => new Date(Date.now() - days * DAY_MS).toISOString();

const QUESTIONS: Question[] = [
  { what: 'the newest', query: () => ({}), where: 'true' },
  { what: 'of an earlier day', query: (i) => ({ to: daysAgo(1 + (i % 28)) }), where: `at < now() - interval '1 day'` },
  { what: 'of a master', query: (i) => ({ master_id: `${1 + (i % LOG_MASTERS)}` }), where: 'master_id = 1' },
  { what: 'of a key', query: (i) => ({ key_id: `${1 + (i % LOG_KEYS)}` }), where: 'key_id = 1' },
  { what: 'of a provider', query: (i) => ({ provider_id: `${1 + (i % 40)}` }), where: 'provider_id = 1' },
  { what: 'of a model', query: (i) => ({ model: `model-${1 + (i % 60)}` }), where: `model = 'model-1'` },
  { what: 'failures', query: () => ({ status_class: '5xx' }), where: 'status_code / 100 = 5' },
  {
    what: 'failures of a master with one status',
    query: (i) => ({ master_id: `${1 + (i % LOG_MASTERS)}`, status: '502' }),
    where: 'master_id = 1 AND status_code = 502',
  },
  {
    what: 'of a key and a model',
    query: (i) => ({ key_id: `${1 + (i % 100)}`, model: `model-${1 + (i % 60)}` }),
    where: `key_id = 1 AND model = 'model-1'`,
  },
  {
    what: 'of a group, a namespace and a model',
    query: (i) => ({ group_id: `${1 + (i % 10)}`, namespace: 'eu', model: `model-${1 + (i % 60)}` }),
    where: `group_id = 1 AND namespace = 'eu' AND model = 'model-1'`,
  },
  {
    what: 'of a master, a provider and a model, earlier',
    query: (i) => ({
      master_id: `${1 + (i % LOG_MASTERS)}`,
      provider_id: `${1 + (i % 40)}`,
      model: `model-${1 + (i % 60)}`,
      to: daysAgo(10),
    }),
    where: `master_id = 1 AND provider_id = 1 AND model = 'model-1' AND at < now() - interval '10 days'`,
  },
  {
    what: 'with a text in the error',
    query: () => ({ error: 'upstream_error' }),
    where: `error_code = 'upstream_error'`,
  },
  { what: 'with a text that is in no error', query: () => ({ error: 'nowhere' }), where: `error_code = 'nowhere'` },
  {
    what: 'of a request id that there is not',
    query: (i) => ({ request_id: `none-${i}` }),
    where: `request_id = 'none'`,
  },
];

/** Pages of the list, beside the plainest SQL for each: what is asked for, newest first, and how many there are. */
export async function logLists(arena: Arena, served: Served, records: number): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const question of QUESTIONS) figures.push(await measure(question, arena, { served, records }));
  return figures;
}

async function measure(
  { what, query, where }: Question,
  arena: Arena,
  { served, records }: { served: Served; records: number },
): Promise<Figure> {
  const rounds: number[][] = [];
  let next = 0;
  for (let round = 0; round <= ROUNDS; round++) {
    const taken = await closedLoop(1, CALLS, () => {
      const filters = new URLSearchParams({ ...query(next++), limit: `${LIMIT}` });
      return served.http.call('GET', `/admin/logs?${filters.toString()}`);
    });
    if (round > 0) rounds.push(taken); // the first warms up
  }
  const plain: number[] = [];
  for (let i = 0; i < PLAIN_CALLS; i++) plain.push(await plainly(arena, where));
  return {
    what: `Page of ${LIMIT} log records, ${what}, of ${records.toLocaleString('en')}`,
    ours: spread(rounds),
    yardstick: `the page in plain SQL: ${ms(median(plain))}`,
    target: `p99 ≤ ${MOST_MS} ms`,
    isMet: typicalQuantile(rounds, 0.99) <= MOST_MS,
  };
}

async function plainly({ pool }: Arena, where: string): Promise<number> {
  const startedAt = performance.now();
  await pool.query(`SELECT * FROM logs.records WHERE ${where} ORDER BY at DESC LIMIT ${LIMIT}`);
  return performance.now() - startedAt;
}
