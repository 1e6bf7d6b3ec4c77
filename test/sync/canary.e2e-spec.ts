import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseRedisAddr } from '../../src/config/redis-addr.js';
import { INTERNAL_TOKEN, startApp, type TestApp } from '../support/app.js';
import { requiredEnvironment } from '../support/environment.js';
import { aMaster } from '../support/gateway.js';
import { until } from '../support/launcher.js';
import { metricsIn, valueOf } from '../support/prometheus.js';
import { TcpProxy } from '../support/tcp-proxy.js';

const CANARY = { EZ_CANARY_ENABLED: 'true', EZ_CANARY_INTERVAL_SECONDS: '1' };

describe('the canary', () => {
  let app: TestApp;
  let second: TestApp;
  let toRedis: TcpProxy;

  beforeAll(async () => {
    toRedis = await TcpProxy.to(parseRedisAddr(requiredEnvironment('EZ_REDIS_ADDR')).nodes[0]!);
    app = await startApp({ ...CANARY, EZ_REDIS_ADDR: `127.0.0.1:${toRedis.port}` });
    await app.sync();
    second = await startApp({ ...CANARY, EZ_REDIS_DB: String(app.redis.options.db) }, () => app.dsn);
  });
  afterAll(async () => {
    await second.close();
    await app.close();
    await toRedis.close();
  });

  const valueIn = async (from: TestApp, name: string): Promise<number> => {
    const { body } = await from.anyone.as(INTERNAL_TOKEN).get('/internal/metrics');
    return valueOf(metricsIn(body as string).samples, name) ?? 0;
  };
  const rounds = (): Promise<number> => valueIn(app, 'ez_canary_revocation_seconds_count');
  const untilRounds = (count: number): Promise<void> => until(async () => (await rounds()) >= count);

  const count = async (sql: string): Promise<number> => {
    const [row] = await app.db.query<{ count: number }[]>(`SELECT count(*)::int AS count FROM ${sql}`);
    return row!.count;
  };
  /** What is there because of it, in PostgreSQL and in Redis. */
  const traces = async () => ({
    masters: await count(`masters WHERE name = 'ez-canary'`),
    secrets: await count('key_secrets'),
    resources: await count(`sync_resource WHERE kind = 'key'`),
    logged: await count('operation_logs'),
    records: (await app.redis.keys('auth:token:*')).length,
  });

  it('measures revocation again and again, and leaves nothing more behind', async () => {
    await untilRounds(1);
    const before = await traces();
    expect(before).toMatchObject({ masters: 1, secrets: 1, resources: 1, records: 1 });
    await untilRounds(4);
    expect(await traces()).toEqual(before);
    expect(await valueIn(app, 'ez_canary_revocation_seconds_sum')).toBeGreaterThan(0);
  });

  it('is the business of one replica', async () => {
    await untilRounds((await rounds()) + 2);
    expect(await valueIn(second, 'ez_canary_revocation_seconds_count')).toBe(0);
    expect(await valueIn(second, 'ez_canary_failures_total')).toBe(0);
  });

  it('is seen by no tenant, and opens nothing', async () => {
    const { master_key } = await aMaster(app);
    expect((await app.anyone.as(master_key).get('/v1/tokens')).body.total).toBe(0);
    const [record] = await app.redis.keys('auth:token:*');
    expect(await app.redis.hexists(record!, 'namespaces')).toBe(0);
  });

  it('goes on after it was taken away', async () => {
    const { body } = await app.admin.get('/admin/masters?search=ez-canary');
    await app.admin.delete(`/admin/masters/${body.data[0].id}`);
    await untilRounds((await rounds()) + 2);
    expect(await traces()).toMatchObject({ masters: 1, secrets: 1, resources: 1, records: 1 });
  });

  it('fails while Redis is away, and no longer', async () => {
    await toRedis.refuse();
    await until(async () => (await valueIn(app, 'ez_canary_failures_total')) > 0, 60_000);
    await toRedis.pass();
    await untilRounds((await rounds()) + 1);
    expect([...app.logs, ...second.logs].join('')).toContain('the canary failed: Redis did not show it within 10 s');
  }, 120_000);

  it('goes on with the same key in another term', async () => {
    const before = await traces();
    const total = async (): Promise<number> =>
      (await rounds()) + (await valueIn(second, 'ez_canary_revocation_seconds_count'));
    await app.db.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'ez-api dispatcher'`,
    );
    const from = await total();
    await until(async () => (await total()) >= from + 2);
    expect(await traces()).toEqual(before);
  });

  it('does not exist unless it is asked for', async () => {
    const plain = await startApp();
    await plain.sync();
    expect((await plain.admin.get('/admin/masters')).body.total).toBe(0);
    await plain.close();
  });
});
