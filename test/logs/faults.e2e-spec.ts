import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { parsePgDsn } from '../../src/config/pg-dsn.js';
import { aRecord, balancer, records, storedCount, untilStored } from '../support/access-logs.js';
import { INTERNAL_TOKEN, startApp } from '../support/app.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { unused } from '../support/gateway.js';
import type { Http } from '../support/http.js';
import { until } from '../support/launcher.js';
import { claimRedisDb, type TestRedis } from '../support/redis.js';
import { ServerProcess } from '../support/server-process.js';

const LONG = 120_000;

describe('servers that take in logs', () => {
  let database: TestDatabase;
  let redis: TestRedis;
  let client: pg.Client;
  let environment: Record<string, string>;

  beforeAll(async () => {
    [database, redis] = await Promise.all([createTestDatabase(), claimRedisDb()]);
    environment = {
      EZ_PG_DSN: database.dsn,
      EZ_REDIS_ADDR: redis.addr,
      EZ_REDIS_PASSWORD: redis.password,
      EZ_REDIS_DB: String(redis.db),
    };
    client = new pg.Client(parsePgDsn(database.dsn));
    await client.connect();
  });
  afterEach(() => client.query('TRUNCATE logs.records'));
  afterAll(async () => {
    await client.end();
    await redis.close();
    await database.drop();
  });

  const sums = async () => {
    const { rows } = await client.query(
      `SELECT count(*)::int AS records, count(DISTINCT request_id)::int AS requests,
              coalesce(sum(input_tokens), 0)::int AS tokens FROM logs.records`,
    );
    return rows[0] as { records: number; requests: number; tokens: number };
  };

  const internal = ({ admin }: ServerProcess): Http => admin.as(INTERNAL_TOKEN);

  it(
    'and are killed over and over lose nothing that they called durable, and store nothing twice',
    async () => {
      const acknowledged = { records: 0, requests: 0, tokens: 0 };
      let server = await ServerProcess.start(environment);
      const done = new AbortController();
      const writers = Array.from({ length: 4 }, async (_, writer) => {
        for (let n = 0; !done.signal.aborted; n++) {
          const batch = { node: `w${writer}`, batch_id: String(n), records: records(20, { input_tokens: 3 }) };
          for (let isTaken = false; !isTaken;) {
            const answer = await internal(server)
              .post('/logs?durable=true', batch)
              .catch(() => undefined);
            isTaken = answer?.status === 200;
            if (!isTaken) await sleep(20);
          }
          acknowledged.records += 20;
          acknowledged.requests += 20;
          acknowledged.tokens += 60;
        }
      });
      for (let round = 0; round < 4; round++) {
        const before = acknowledged.records;
        await until(() => acknowledged.records > before + 200);
        await sleep(Math.random() * 100);
        await server.end('SIGKILL');
        server = await ServerProcess.start(environment);
      }
      done.abort();
      await Promise.all(writers);
      expect(await sums()).toEqual(acknowledged);
      expect(await server.end('SIGTERM')).toBe(0);
    },
    LONG,
  );

  it(
    'and are told to stop write what they have, refuse the rest, and end with 0',
    async () => {
      const server = await ServerProcess.start({
        ...environment,
        EZ_LOG_FLUSH_MS: '60000',
        EZ_LOG_BATCH_SIZE: '10000',
      });
      let accepted = 0;
      const outcomes = new Set<string>();
      const writers = Array.from({ length: 4 }, async () => {
        for (;;) {
          const answer = await internal(server)
            .post('/logs', records(5))
            .catch(() => undefined);
          outcomes.add(String(answer?.status ?? 'closed'));
          if (answer?.status === 202) accepted += 5;
          else if (answer?.status !== 429) return;
        }
      });
      await until(() => accepted > 500);
      const code = await server.end('SIGTERM');
      await Promise.all(writers);
      expect(code).toBe(0);
      expect((await sums()).records).toBe(accepted);
      expect([...outcomes].filter((outcome) => !['202', '429', '503', 'closed'].includes(outcome))).toEqual([]);
    },
    LONG,
  );

  it(
    'side by side store a batch once that both get at the same time',
    async () => {
      const servers = await Promise.all([ServerProcess.start(environment), ServerProcess.start(environment)]);
      const batch = { node: 'twice', batch_id: 'same', records: records(50) };
      const answers = await Promise.all(
        Array.from({ length: 5 }, (_, i) => internal(servers[i % 2]!).post('/logs?durable=true', batch)),
      );
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
      expect(answers.filter(({ body }) => !body.duplicate)).toHaveLength(1);
      expect((await sums()).records).toBe(50);
      await Promise.all(servers.map((server) => server.end('SIGTERM')));
    },
    LONG,
  );
});

describe('an older schema of the log database', () => {
  it(
    'keeps records out, and the configuration can be changed',
    async () => {
      const empty = await createTestDatabase();
      const client = new pg.Client(parsePgDsn(empty.dsn));
      await client.connect();
      await client.query('DROP SCHEMA logs CASCADE');
      await client.end();
      const app = await startApp({ EZ_LOG_PG_DSN: empty.dsn });
      await until(async () => (await balancer(app).post('/logs', aRecord())).body.code === 'log_schema_older');
      expect((await app.admin.post('/admin/namespaces', { name: unused('ns') })).status).toBe(201);
      expect((await app.anyone.get('/health')).body).toMatchObject({ status: 'degraded', logs: 'down' });
      await app.close();
      await empty.drop();
    },
    LONG,
  );
});

describe('two replicas', () => {
  it('look after the tables one at a time, and both write', async () => {
    const app = await startApp();
    const other = await startApp({ EZ_PG_DSN: app.dsn });
    await Promise.all([app, other].map((one) => balancer(one).post('/logs?durable=true', records(10))));
    expect(await storedCount(app)).toBe(20);
    await balancer(other).post('/logs', records(10));
    await untilStored(app, 30);
    await other.close();
    await app.close();
  });
});
