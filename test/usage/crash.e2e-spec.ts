import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { setTimeout as sleep } from 'node:timers/promises';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { aKey, aMaster, type KeyBody } from '../support/gateway.js';
import { claimRedisDb, type TestRedis } from '../support/redis.js';
import { ServerProcess } from '../support/server-process.js';
import { aBatch, flush } from './balancing.js';

const KILLS = 4;

describe('usage, with the server killed over and over', () => {
  let database: TestDatabase;
  let redis: TestRedis;

  beforeAll(async () => {
    [database, redis] = await Promise.all([createTestDatabase(), claimRedisDb()]);
  });
  afterAll(async () => {
    await redis.close();
    await database.drop();
  });

  const start = () =>
    ServerProcess.start({
      EZ_PG_DSN: database.dsn,
      EZ_REDIS_ADDR: redis.addr,
      EZ_REDIS_PASSWORD: redis.password,
      EZ_REDIS_DB: String(redis.db),
    });

  it('is what balancers sent, each batch once, when every batch was acknowledged', async () => {
    let server = await start();
    const { id: master } = await aMaster(server);
    const keys = [await aKey(server, master), await aKey(server, master), await aKey(server, master)];
    const sent = { posted: 0, streamed: 0 };
    const over = new AbortController();
    const balancers = Array.from({ length: 4 }, async () => {
      while (!over.signal.aborted) {
        await acknowledged(() => server, keys);
        sent.posted++;
        await redis.client.xadd('usage:ingest', '*', 'batch', JSON.stringify(batchOf(keys)));
        sent.streamed++;
      }
    });
    for (let kill = 0; kill < KILLS; kill++) {
      const before = sent.posted;
      while (sent.posted < before + 15) await sleep(10);
      await server.end('SIGKILL');
      // What the dead one had been given is old enough to be claimed.
      await age(redis);
      server = await start();
    }
    over.abort();
    await Promise.all(balancers);
    while ((await redis.client.xlen('usage:ingest')) > 0) await sleep(50);
    expect(await totals(database.dsn)).toEqual({
      ledger: 3 * (sent.posted + sent.streamed),
      counted: 3 * (sent.posted + sent.streamed),
    });
    expect(await server.end('SIGTERM')).toBe(0);
  }, 240_000);
});

const batchOf = (keys: KeyBody[]) => aBatch(...keys.map(({ id }) => ({ key_id: id, requests: 1 })));

/** Sends one batch until somebody answers that it is counted. */
async function acknowledged(server: () => ServerProcess, keys: KeyBody[]): Promise<void> {
  for (const batch = batchOf(keys); ; await sleep(20)) {
    const answer = await flush(server(), batch).catch(() => undefined);
    if (answer?.status === 200) return;
  }
}

async function age({ client }: TestRedis): Promise<void> {
  const pending = (await client.xpending('usage:ingest', 'ez-api', '-', '+', 1000).catch(() => [])) as [
    string,
    string,
  ][];
  for (const [id, consumer] of pending) {
    await client.xclaim('usage:ingest', 'ez-api', consumer, 0, id, 'IDLE', 3_600_000, 'JUSTID');
  }
}

async function totals(dsn: string): Promise<object> {
  const client = new pg.Client(dsn);
  await client.connect();
  try {
    const { rows } = await client.query(
      `SELECT (SELECT sum(requests)::int FROM usage.ledger) AS ledger, (SELECT sum(request_count)::int FROM keys) AS counted`,
    );
    return rows[0] as object;
  } finally {
    await client.end();
  }
}
