import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { isDeepStrictEqual } from 'node:util';
import pg from 'pg';
import { parsePgDsn } from '../../src/config/pg-dsn.js';
import { parseRedisAddr } from '../../src/config/redis-addr.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { aKey, aMaster, unused } from '../support/gateway.js';
import { actualImage, desiredImage } from '../support/image.js';
import { until } from '../support/launcher.js';
import { claimRedisDb, type TestRedis } from '../support/redis.js';
import { ServerProcess } from '../support/server-process.js';
import { TcpProxy } from '../support/tcp-proxy.js';

const ROUNDS = 60;

/** A rolling restart of PostgreSQL, an administrator or a proxy ends sessions at any moment, in use or not. */
describe('a server whose sessions with PostgreSQL are ended again and again', () => {
  let database: TestDatabase;
  let redis: TestRedis;
  let network: TcpProxy;
  let server: ServerProcess;
  let administrator: pg.Client;

  beforeAll(async () => {
    [database, redis] = await Promise.all([createTestDatabase(), claimRedisDb()]);
    network = await TcpProxy.to(parseRedisAddr(redis.addr).nodes[0]!);
    administrator = new pg.Client(parsePgDsn(database.dsn));
    await administrator.connect();
  });
  beforeEach(async () => {
    server = await ServerProcess.start({
      EZ_PG_DSN: database.dsn,
      EZ_REDIS_ADDR: `127.0.0.1:${network.port}`,
      EZ_REDIS_PASSWORD: redis.password,
      EZ_REDIS_DB: String(redis.db),
    });
  }, 60_000);
  afterEach(() => server.end('SIGKILL'));
  afterAll(async () => {
    await administrator.end();
    await network.close();
    await redis.close();
    await database.drop();
  });

  const terminate = (name: string) =>
    administrator.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = $1`,
      [name],
    );

  it.each(['ez-api', 'ez-api sync', 'ez-api dispatcher', 'ez-api log writer', 'ez-api log reader'])(
    'lives on and misses nothing, if they are those of %s',
    async (name) => {
      // Slow enough that sessions are found waiting for Redis, with no statement that could tell of their end.
      network.delay(20);
      const { id } = await untilDone(() => aMaster(server));
      const over = new AbortController();
      const writers = Array.from({ length: 4 }, async () => {
        while (!over.signal.aborted) {
          const headers = { 'idempotency-key': unused('try') };
          await server.admin.post(`/admin/masters/${id}/keys`, { name: unused('key') }, headers).catch(() => undefined);
        }
      });
      for (let round = 0; round < ROUNDS && server.isRunning; round++) {
        await terminate(name);
        if (round % 10 === 0) await server.admin.post('/sync/snapshot').catch(() => undefined);
      }
      over.abort();
      await Promise.all(writers);
      await network.pass();
      expect(server.isRunning).toBe(true);
      await untilDone(() => aKey(server, id));
      const wanted = await desiredImage(database.dsn);
      await until(async () => isDeepStrictEqual(await actualImage(redis.client), wanted));
      expect(await server.end('SIGTERM')).toBe(0);
    },
    120_000,
  );
});

/** The pool may still hand out sessions that were ended a moment ago. */
async function untilDone<T>(work: () => Promise<T>): Promise<T> {
  let result: { value: T } | undefined;
  await until(async () => {
    result = await work().then(
      (value) => ({ value }),
      () => undefined,
    );
    return result !== undefined;
  });
  return result!.value;
}
