import type { Arena, Served } from './support/arena.js';
import type { Figure } from './support/figure.js';
import { closedLoop } from './support/http-client.js';
import { LOG_DAYS } from './support/log-generator.js';
import { ms, spread, typicalQuantile } from './support/stats.js';

const ROUNDS = 5;
const CALLS = 40;
const MOST_MS = 50;

interface Question {
  what: string;
  query: string;
  /** The same from raw rows. */
  where?: string;
  groupBy?: string;
}

const QUESTIONS: Question[] = [
  { what: 'day', query: 'interval=day' },
  { what: 'day, days of New York', query: 'interval=day&timezone=America/New_York' },
  { what: 'hour', query: 'interval=hour' },
  { what: 'day and model, top 10', query: 'interval=day&group_by=model', groupBy: 'model' },
  { what: 'day and provider, top 10', query: 'interval=day&group_by=provider', groupBy: 'provider_id' },
  { what: 'day and master, top 10', query: 'interval=day&group_by=master', groupBy: 'master_id' },
  { what: 'day and key, top 10 of 3,000', query: 'interval=day&group_by=key', groupBy: 'key_id' },
  { what: 'hour, of one master', query: 'interval=hour&master_id=2', where: 'master_id = 2' },
  {
    what: 'day and model, of one master',
    query: 'interval=day&group_by=model&master_id=2',
    where: 'master_id = 2',
    groupBy: 'model',
  },
  { what: 'hour, of one key', query: 'interval=hour&key_id=1', where: 'key_id = 1' },
  {
    what: 'day and model, of one provider',
    query: 'interval=day&group_by=model&provider_id=1',
    where: 'provider_id = 1',
    groupBy: 'model',
  },
  {
    what: 'day and key, of failures',
    query: 'interval=day&group_by=key&status=5xx',
    where: 'status_code >= 500',
    groupBy: 'key_id',
  },
];

/** Statistics of 30 days, beside the same sums from raw rows. */
export async function stats(arena: Arena, served: Served, records: number): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const question of QUESTIONS) figures.push(await measure(question, arena, { served, records }));
  return figures;
}

async function measure(
  { what, query, ...raw }: Question,
  arena: Arena,
  { served: { http }, records }: { served: Served; records: number },
): Promise<Figure> {
  const to = new Date();
  const from = new Date(to.getTime() - (LOG_DAYS - 1) * 86_400_000);
  const path = `/admin/stats?from=${from.toISOString()}&to=${to.toISOString()}&${query}`;
  const rounds: number[][] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const taken = await closedLoop(1, CALLS, () => http.call('GET', path));
    if (round > 0) rounds.push(taken); // the first warms up
  }
  const bare = await sumRawRows(arena, raw, { from, to });
  return {
    what: `Statistics by ${what}, of ${records.toLocaleString('en')} records`,
    ours: spread(rounds),
    yardstick: `sums of the raw rows: ${ms(bare)}`,
    target: `p99 ≤ ${MOST_MS} ms`,
    isMet: typicalQuantile(rounds, 0.99) <= MOST_MS,
  };
}

/** Whoever has no roll-ups asks like this. */
async function sumRawRows(
  { pool }: Arena,
  { where = 'true', groupBy = 'NULL' }: Pick<Question, 'where' | 'groupBy'>,
  { from, to }: { from: Date; to: Date },
): Promise<number> {
  const startedAt = performance.now();
  await pool.query(
    `SELECT date_trunc('day', at), ${groupBy}, count(*), count(*) FILTER (WHERE status_code >= 400), sum(input_tokens),
            sum(output_tokens), sum(cached_tokens), sum(cost_usd),
            percentile_disc(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY latency_ms)
       FROM logs.records WHERE at >= $1 AND at < $2 AND ${where} GROUP BY 1, 2`,
    [from, to],
  );
  return performance.now() - startedAt;
}
