import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadConfig } from '../../src/config/load-config.js';
import { CommitSignal } from '../../src/outbox/commit-signal.js';
import { Durability } from '../../src/sync/durability.js';
import { readHead } from '../../src/sync/head.js';
import { SyncDatabase } from '../../src/sync/sync-database.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { TEST_ENVIRONMENT } from '../support/environment.js';
import { unused } from '../support/gateway.js';
import { OwnPostgres } from '../support/own-postgres.js';
import { claimRedisDb, type TestRedis } from '../support/redis.js';
import { ServerProcess } from '../support/server-process.js';

const PATIENCE_MS = 60_000;

describe('a PostgreSQL that crashes', () => {
  let postgres: OwnPostgres;
  let redis: TestRedis;
  let logs: TestDatabase;
  let server: ServerProcess | undefined;

  beforeAll(async () => {
    [postgres, redis, logs] = await Promise.all([OwnPostgres.open(), claimRedisDb(), createTestDatabase()]);
  }, PATIENCE_MS);
  afterEach(() => server?.end('SIGKILL'));
  afterAll(async () => {
    await postgres.close();
    await redis.close();
    await logs.drop();
  });

  const serve = async (env: Record<string, string> = {}): Promise<void> => {
    server = await ServerProcess.start({
      EZ_PG_DSN: postgres.dsn,
      // What is written there would be flushed, and take along whatever else is in the log.
      EZ_LOG_PG_DSN: logs.dsn,
      EZ_REDIS_ADDR: redis.addr,
      EZ_REDIS_PASSWORD: redis.password,
      EZ_REDIS_DB: String(redis.db),
      ...env,
    });
  };

  /** What another replica commits, and has not flushed yet. */
  const unflushed = (name: string): string[] => [
    'BEGIN',
    `SET LOCAL synchronous_commit = off`,
    `INSERT INTO namespaces (name) VALUES ('${name}')`,
    `WITH head AS (UPDATE sync_head SET version = version + 1 RETURNING version)
     INSERT INTO sync_resource (kind, ref, version, deleted) SELECT 'namespace', '${name}', version, false FROM head`,
    `NOTIFY ez_config`,
    'COMMIT',
  ];

  const survivors = async (): Promise<string[]> =>
    (await postgres.query<{ name: string }>(['SELECT name FROM namespaces'])).map(({ name }) => name);

  const untilShown = async (name: string): Promise<void> => {
    const deadline = Date.now() + PATIENCE_MS;
    while (!(await redis.client.hexists('config:namespaces', name))) {
      if (Date.now() > deadline) throw new Error(`Redis does not show ${name}`);
      await sleep(5);
    }
  };

  it(
    'keeps what Redis shows of a later history, under versions that an earlier one had flushed',
    async () => {
      const database = new SyncDatabase(loadConfig({ ...TEST_ENVIRONMENT, EZ_PG_DSN: postgres.dsn }, '/nonexistent'));
      const signal = new CommitSignal();
      const durability = new Durability(database, signal);
      const { gen } = await readHead(database);
      signal.committed({ gen, version: '1000000' });
      await postgres.query(['UPDATE sync_head SET gen = gen + 1']);
      const name = unused('later');
      await postgres.query(unflushed(name));
      await database.atOneMoment(async (sql) => durability.cover(await readHead(sql), sql)());
      await postgres.crash();
      expect(await survivors()).toContain(name);
      await database.onApplicationShutdown();
    },
    PATIENCE_MS,
  );

  it(
    'keeps what was acknowledged, and nothing else has to be on the disk by then',
    async () => {
      // Nobody else flushes for the writer: this server does not dispatch.
      await serve({ EZ_SYNC_OUTBOX_ENABLED: 'false' });
      const acknowledged = unused('acknowledged');
      const lost = unused('lost');
      expect((await server!.admin.post('/admin/namespaces', { name: acknowledged })).status).toBe(201);
      await postgres.query(unflushed(lost));
      expect(await survivors()).toEqual(expect.arrayContaining([acknowledged, lost]));
      await postgres.crash();
      expect(await survivors()).toContain(acknowledged);
      expect(await survivors()).not.toContain(lost);
    },
    PATIENCE_MS,
  );

  it(
    'keeps what was answered to a retry, with the answer',
    async () => {
      await serve({ EZ_SYNC_OUTBOX_ENABLED: 'false' });
      const name = unused('idempotent');
      const post = () => server!.admin.post('/admin/namespaces', { name }, { 'Idempotency-Key': name });
      const first = await post();
      expect(first.status).toBe(201);
      await postgres.crash();
      expect(await survivors()).toContain(name);
      const again = await post();
      expect([again.status, again.headers.get('idempotency-replayed'), again.body]).toEqual([201, 'true', first.body]);
    },
    PATIENCE_MS,
  );

  it(
    'keeps what Redis has shown of it after a change',
    async () => {
      await serve();
      await untilShown((await survivors())[0]!);
      const name = unused('shown');
      await postgres.query(unflushed(name));
      await untilShown(name);
      await postgres.crash();
      expect(await survivors()).toContain(name);
    },
    PATIENCE_MS,
  );

  it(
    'keeps what Redis has shown of it after a full snapshot',
    async () => {
      await serve();
      await untilShown((await survivors())[0]!);
      const name = unused('snapshot');
      await redis.client.flushdb();
      await postgres.query(unflushed(name));
      await untilShown(name);
      await postgres.crash();
      expect(await survivors()).toContain(name);
    },
    PATIENCE_MS,
  );
});
