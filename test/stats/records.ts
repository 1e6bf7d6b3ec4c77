import type pg from 'pg';
import type { LogRecord } from '../../src/log-database/log-record.js';
import { inTransaction } from '../../src/log-database/transaction.js';
import { RollupsService } from '../../src/modules/stats/rollups.service.js';

const rollups = new RollupsService();

export const aRecord = (fields: Partial<LogRecord> = {}): LogRecord => ({
  at: new Date(),
  request_id: 'r',
  master_id: 1,
  key_id: 1,
  provider_id: 1,
  group_id: 1,
  namespace: 'eu',
  model: 'gpt',
  upstream_model: null,
  status_code: 200,
  error_code: null,
  error_message: null,
  latency_ms: 100,
  ttft_ms: 10,
  input_tokens: 10,
  output_tokens: 5,
  cached_tokens: 1,
  cost_nano_usd: 1_234_567,
  stream: false,
  client_ip: null,
  user_agent: null,
  node: null,
  extra: null,
  ...fields,
});

/** Numbers that look random and are the same each time (mulberry32). */
export function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4_294_967_296) * below);
  };
}

const STATUSES = [200, 200, 200, 201, 302, 400, 429, 500, 503, 0];

/** Of every kind, with nulls, between two instants. */
export function randomRecords(count: number, seed: number, { from, to }: { from: Date; to: Date }): LogRecord[] {
  const below = randomNumbers(seed);
  const orNull = <T>(value: T): T | null => (below(20) === 0 ? null : value);
  return Array.from({ length: count }, () => {
    const key = below(12) + 1;
    const provider = below(4) + 1;
    return aRecord({
      at: new Date(from.getTime() + below(to.getTime() - from.getTime())),
      master_id: orNull((key % 3) + 101),
      key_id: orNull(key),
      provider_id: orNull(provider),
      group_id: orNull(Math.ceil(provider / 2)),
      namespace: orNull(['eu', 'us', 'a"\\{,}'][below(3)]!),
      model: orNull(['gpt', 'claude', 'm,{}"'][below(3)]!),
      status_code: STATUSES[below(STATUSES.length)]!,
      latency_ms: orNull(Math.floor(2 ** (below(2_100) / 100))),
      ttft_ms: orNull(below(3_000)),
      input_tokens: below(100_000),
      output_tokens: below(10_000),
      cached_tokens: below(1_000),
      cost_nano_usd: below(10_000_000_000),
    });
  });
}

const COLUMNS = `at timestamptz, request_id text, master_id bigint, key_id bigint, provider_id bigint, group_id bigint,
  namespace text, model text, status_code smallint, latency_ms integer, ttft_ms integer, input_tokens bigint,
  output_tokens bigint, cached_tokens bigint, cost_usd numeric`;
const NAMES = COLUMNS.split(/,\s*/).map((column) => column.split(' ')[0]!);

/** As a flush does it: records and what is counted of them, in one transaction. */
export async function store(pool: pg.Pool, records: readonly LogRecord[]): Promise<void> {
  const rows = records.map(({ cost_nano_usd, ...record }) => ({ ...record, cost_usd: `${cost_nano_usd}e-9` }));
  await inTransaction(pool, 'write', async (client) => {
    await client.query(
      `INSERT INTO logs.records (${NAMES.join(', ')}) SELECT * FROM jsonb_to_recordset($1) AS r (${COLUMNS})`,
      [JSON.stringify(rows)],
    );
    await rollups.add(client, records);
  });
}

/** Days that have no partition yet get one of all time. */
export async function takeRecordsOfAnyTime(pool: pg.Pool): Promise<void> {
  await pool.query('CREATE TABLE logs.records_of_any_time PARTITION OF logs.records DEFAULT');
}
