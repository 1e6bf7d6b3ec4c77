import type pg from 'pg';
import { countDay } from '../../src/modules/stats/rebuild.js';
import { ensurePartitions } from '../../src/modules/stats/rollup-partitions.js';
import { recountWeeks, weekOf } from '../../src/modules/stats/rollup-weeks.js';
import { withoutIndexes } from './without-indexes.js';

export const LOG_DAYS = 30;
export const LOG_MASTERS = 200;
export const LOG_KEYS = 3_000;
const PROVIDERS = 40;
const MODELS = 60;
const DAY_MS = 86_400_000;

/** What a processor can do at a time. */
const SESSIONS = 2;

/**
 * Fills `logs.records` and the roll-ups, as if that many requests had come in evenly over thirty days that end now. A few keys, providers and models
 * have most of the requests: the n-th has 1/n of what the first has. Nobody else may use the tables meanwhile, for each is filled before it
 * is indexed. Days that have a partition of records already take longer.
 */
export async function generateLogs(pool: pg.Pool, records: number): Promise<void> {
  const today = Math.floor(Date.now() / DAY_MS) * DAY_MS;
  const days = Array.from({ length: LOG_DAYS }, (_, i) => today - (LOG_DAYS - 1 - i) * DAY_MS);
  const sessions = await Promise.all(Array.from({ length: SESSIONS }, () => pool.connect()));
  const [first] = sessions as [pg.PoolClient];
  try {
    for (const session of sessions) {
      await session.query(`SET synchronous_commit = off; SET work_mem = '256MB'; SET maintenance_work_mem = '1GB'`);
    }
    await ensurePartitions(first, days);
    await withoutIndexes(first, '^logs\\.rollup_(minutes|hours|days)', async () => {
      const left = [...days.entries()];
      await Promise.all(sessions.map((session) => fillDays(session, left, records)));
    });
    await recountWeeks(first, weekOf(days[0]!), today + 1);
    await first.query('VACUUM ANALYZE');
  } finally {
    // They were told not to wait for the disk.
    for (const session of sessions) session.release(true);
  }
}

/** Takes days until none is left. */
async function fillDays(client: pg.ClientBase, left: [number, number][], records: number): Promise<void> {
  for (let next = left.shift(); next; next = left.shift()) {
    const [i, day] = next;
    const until = Math.min(day + DAY_MS, Date.now());
    await writeDay(client, new Date(day), { records: share(records, LOG_DAYS, i), seconds: (until - day) / 1000 });
    await client.query('BEGIN');
    await countDay(client, new Date(day));
    await client.query('COMMIT');
  }
}

const share = (records: number, days: number, i: number): number =>
  Math.floor((records * (i + 1)) / days) - Math.floor((records * i) / days);

interface Day {
  records: number;
  /** How much of it is over. */
  seconds: number;
}

/** A day of UTC, without its roll-ups. */
export async function writeDay(client: pg.ClientBase, day: Date, { records, seconds }: Day): Promise<void> {
  const [from, to] = [day, new Date(day.getTime() + DAY_MS)].map((at) => at.toISOString().slice(0, 10));
  const table = `logs.records_${from!.replaceAll('-', '')}_${to!.replaceAll('-', '')}`;
  const { rows } = await client.query<{ is_there: boolean }>('SELECT to_regclass($1) IS NOT NULL AS is_there', [table]);
  const isThere = rows[0]!.is_there;
  if (!isThere) await client.query(`CREATE TABLE ${table} (LIKE logs.records INCLUDING DEFAULTS)`);
  await client.query(`INSERT INTO ${isThere ? 'logs.records' : table} (${COLUMNS}) ${RECORDS}`, [
    day,
    records,
    seconds,
  ]);
  if (isThere) return;
  await client.query(
    `ALTER TABLE logs.records ATTACH PARTITION ${table} FOR VALUES FROM ('${from} 00:00Z') TO ('${to} 00:00Z')`,
  );
}

const COLUMNS = `id, at, request_id, master_id, key_id, provider_id, group_id, namespace, model, upstream_model, status_code,
  error_code, latency_ms, ttft_ms, input_tokens, output_tokens, cached_tokens, cost_usd, stream, client_ip, user_agent, node`;

/** Any of `count`, the first ones more often. */
const anyOf = (count: number): string => `floor(${count + 1} ^ random())::int`;

const RECORDS = `
  SELECT nextval(pg_get_serial_sequence('logs.records', 'id')), at, md5(n::text || at::text), 1 + key_id % ${LOG_MASTERS}, key_id, provider_id, 1 + provider_id / 4,
         (ARRAY['eu', 'us', 'apac'])[1 + key_id % 3], 'model-' || model, 'upstream-' || model, status,
         CASE WHEN status >= 400 THEN 'upstream_error' END, latency, CASE WHEN status < 400 THEN latency / 5 END,
         input, output, input / 3, (input * 3 + output * 15) / 1000000.0, n % 2 = 0, '192.0.2.' || n % 250,
         'openai-python/1.' || n % 40, 'balancer-' || n % 4
    FROM (SELECT n, $1::timestamptz + (n * $3::float8 / $2) * interval '1 s' AS at,
                 ${anyOf(LOG_KEYS)} AS key_id, ${anyOf(PROVIDERS)} AS provider_id, ${anyOf(MODELS)} AS model,
                 (ARRAY[429, 500, 502, 400])[1 + floor(80 * random())::int] AS failed,
                 exp(5 + 4 * random() + random())::int AS latency,
                 floor(4000 * random())::int AS input, floor(900 * random())::int AS output
            FROM generate_series(0, $2::int - 1) n) AS request
   CROSS JOIN LATERAL (SELECT coalesce(failed, 200) AS status) AS answer`;
