import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import express, { type Request, type Response } from 'express';
import { Redis } from 'ioredis';
import pg from 'pg';
import { redisKeys } from '../../src/contract/redis-keys.js';
import { insertRecords, type RawRecord } from '../support/original-logs.js';

/*
 * The road to Redis of the first gateways of this family, for comparison only: write PostgreSQL, then Redis, in the request;
 * what fails goes to an outbox that is polled, and is given up after ten tries; a full resync is one MULTI. It keeps none of
 * our promises. Faults can be ordered: the share of requests that end between the two stores, and of Redis calls that fail.
 */

const { EZ_PG_DSN, EZ_REDIS_ADDR, EZ_REDIS_PASSWORD, EZ_REDIS_DB, EZ_API_PORT } = process.env;
const CRASHES = Number(process.env.BENCH_CRASHES ?? 0);
const REDIS_ERRORS = Number(process.env.BENCH_REDIS_ERRORS ?? 0);
const INTERVAL_MS = 5000;
const BATCH = 200;
const MAX_RETRIES = 10;

const [host, port] = EZ_REDIS_ADDR!.split(':') as [string, string];
const pool = new pg.Pool({ connectionString: EZ_PG_DSN, max: 10 });
const redis = new Redis({
  host,
  port: Number(port),
  password: EZ_REDIS_PASSWORD,
  db: Number(EZ_REDIS_DB),
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  retryStrategy: () => 200,
});
redis.on('error', () => undefined); // whoever sends a command hears of it

interface ChangedKey {
  id: number;
  token_hash: string;
  group: string;
  status: string;
  weight: number;
  balance: string;
}

const FACTS = 'k.id::int, s.token_hash, k."group", k.status, k.weight, k.balance';

await pool.query(`
  CREATE TABLE IF NOT EXISTS original_outbox (
    id bigserial PRIMARY KEY, resource_id bigint NOT NULL, retry_count int NOT NULL DEFAULT 0, last_error text,
    next_retry_at timestamptz DEFAULT now(), status text NOT NULL DEFAULT 'pending')`);

const app = express();
app.use(express.json({ limit: '1mb' }));
app.get('/', (_request, response) => void response.json({ status: 'ok' }));
app.patch('/keys/:id', (request, response) => change(request, response));
app.post('/sync/snapshot', (_request, response) => syncAll().then(() => void response.json({})));
app.post('/logs', ({ body }, response) => insertRecords(pool, body as RawRecord[]).then(() => void response.json({})));
app.listen(Number(EZ_API_PORT), '127.0.0.1');
void retryForEver();

async function change({ params, body }: Request, response: Response): Promise<void> {
  const { weight = null, status = null } = body as Partial<ChangedKey>;
  // The time of the change is the time of this statement, for whoever measures.
  const { rows } = await pool.query<ChangedKey>(
    `UPDATE keys k SET weight = coalesce($2, weight), status = coalesce($3, status), updated_at = clock_timestamp()
       FROM key_secrets s WHERE k.id = $1 AND s.key_id = k.id RETURNING ${FACTS}`,
    [params.id, weight, status],
  );
  if (Math.random() >= CRASHES) await syncOrEnqueue(rows[0]!);
  response.json(rows[0]);
}

async function syncOrEnqueue(key: ChangedKey): Promise<void> {
  try {
    await syncKey(key);
  } catch {
    await pool.query('INSERT INTO original_outbox (resource_id) VALUES ($1)', [key.id]);
  }
}

async function syncKey({ token_hash, ...facts }: ChangedKey): Promise<void> {
  if (Math.random() < REDIS_ERRORS) throw new Error('ordered');
  await redis.hset(redisKeys.keys, token_hash, JSON.stringify({ token_hash, ...facts }));
  await redis.hset(redisKeys.token(token_hash), facts);
}

async function retryForEver(): Promise<void> {
  for (;;) {
    await sleep(INTERVAL_MS);
    // SKIP LOCKED outside of a transaction locks nothing; that is how it was.
    const { rows } = await pool.query<{ id: string; resource_id: string }>(
      `SELECT id, resource_id FROM original_outbox WHERE status = 'pending' AND next_retry_at <= now()
        ORDER BY id LIMIT ${BATCH} FOR UPDATE SKIP LOCKED`,
    );
    for (const { id, resource_id } of rows) await retry(id, resource_id);
  }
}

async function retry(id: string, keyId: string): Promise<void> {
  try {
    const found = `SELECT ${FACTS} FROM keys k JOIN key_secrets s ON s.key_id = k.id WHERE k.id = $1`;
    const { rows } = await pool.query<ChangedKey>(found, [keyId]);
    await syncKey(rows[0]!);
    await pool.query('DELETE FROM original_outbox WHERE id = $1', [id]);
  } catch (error) {
    await pool.query(
      `UPDATE original_outbox SET retry_count = retry_count + 1, last_error = $2,
              status = CASE WHEN retry_count + 1 >= ${MAX_RETRIES} THEN 'failed' ELSE status END,
              next_retry_at = now() + interval '${INTERVAL_MS} ms' WHERE id = $1`,
      [id, (error as Error).message],
    );
  }
}

async function syncAll(): Promise<void> {
  const { rows } = await pool.query<ChangedKey>(`SELECT ${FACTS} FROM keys k JOIN key_secrets s ON s.key_id = k.id`);
  const multi = redis.multi().del(redisKeys.keys);
  for (const { token_hash, ...facts } of rows) {
    multi.hset(redisKeys.keys, token_hash, JSON.stringify({ token_hash, ...facts }));
    multi.hset(redisKeys.token(token_hash), facts);
  }
  await multi.exec();
}
