import type pg from 'pg';

export type RawRecord = Record<string, unknown>;

const BATCH = 10;

const COLUMNS = [
  ...['request_id', 'at', 'master_id', 'key_id', 'provider_id', 'group_id', 'namespace', 'model', 'upstream_model'],
  ...['status_code', 'latency_ms', 'ttft_ms', 'input_tokens', 'output_tokens', 'cached_tokens', 'cost_usd', 'stream'],
  ...['client_ip', 'user_agent', 'node'],
];

const INSERT = `INSERT INTO logs.records (${COLUMNS.join(', ')}) VALUES (${COLUMNS.map((_, i) => `$${i + 1}`).join(', ')})`;

let last: Promise<unknown> = Promise.resolve();

/** One writer takes ten at a time, and inserts each by a statement of its own. */
export function insertRecords(pool: pg.Pool, records: RawRecord[]): Promise<unknown> {
  return (last = last.then(() => insertAll(pool, records)));
}

async function insertAll(pool: pg.Pool, records: RawRecord[]): Promise<void> {
  const client = await pool.connect();
  for (let i = 0; i < records.length; i += BATCH) {
    await client.query('BEGIN');
    for (const record of records.slice(i, i + BATCH)) {
      await client.query({ name: 'insert', text: INSERT, values: COLUMNS.map((name) => record[name]) });
    }
    await client.query('COMMIT');
  }
  client.release();
}
