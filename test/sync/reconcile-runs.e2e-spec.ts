import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SchedulerRegistry } from '@nestjs/schedule';
import { Reconciler } from '../../src/sync/reconciler.js';
import { startApp, type TestApp } from '../support/app.js';
import { aProviderGroup, anApiKey, created, unused } from '../support/gateway.js';
import type { Json } from '../support/http.js';
import { until } from '../support/launcher.js';
import { claimRedisDb, type TestRedis } from '../support/redis.js';

const statusOf = async ({ admin }: TestApp): Promise<Json> => (await admin.get('/admin/sync/status')).body;

describe('a run of the reconciler', () => {
  let leader: TestApp;
  let standby: TestApp;
  let db: string;

  beforeAll(async () => {
    leader = await startApp();
    await created(leader, '/admin/features', { name: 'f', value: 1 });
    await leader.sync();
    db = String(leader.redis.options.db);
    standby = await startApp({ EZ_REDIS_DB: db }, () => leader.dsn);
  });
  afterAll(async () => {
    await standby.close();
    await leader.close();
  });

  it('is made by the replica that leads, whichever is asked, and both say what came of it', async () => {
    await leader.redis.hdel('meta:features', 'f');
    const { status, body } = await standby.admin.post('/admin/sync/reconcile');
    expect([status, body.state]).toEqual([200, 'finished']);
    expect(body.run.drift).toEqual([{ kind: 'feature', type: 'missing', found: 1, repaired: 1 }]);
    expect(await leader.redis.hget('meta:features', 'f')).toBe('1');
    for (const app of [leader, standby]) {
      const { reconciler, drift, state } = await statusOf(app);
      expect([reconciler.last_run, drift, state]).toEqual([body.run, body.run.drift, 'ok']);
    }
  });

  it('answers everybody who asked before it began', async () => {
    const ask = () => leader.admin.post('/admin/sync/reconcile');
    const answers = await Promise.all([ask(), ask(), ask(), standby.admin.post('/admin/sync/reconcile')]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  });

  it('is begun every minute', async () => {
    const before = (await statusOf(leader)).reconciler.last_run.started_at;
    expect(leader.nest.get(SchedulerRegistry).getIntervals()).toContain('sync:reconcile');
    // A minute is long for a test: what the interval does.
    leader.nest.get(Reconciler).begin();
    await until(async () => (await statusOf(leader)).reconciler.last_run.started_at !== before);
  });

  it('is pending where nobody leads', async () => {
    const alone = await startApp({ EZ_SYNC_OUTBOX_ENABLED: 'false' });
    const { status, body } = await alone.admin.post('/admin/sync/reconcile?wait_ms=100');
    expect([status, body]).toEqual([202, { state: 'pending', run: null }]);
    await alone.close();
  });

  it('takes a scoped token that may write what concerns the road', async () => {
    const { token } = await created(leader, '/admin/tokens', { name: unused('t'), scopes: ['sync:read'] });
    expect((await leader.anyone.as(token).post('/admin/sync/reconcile')).status).toBe(403);
    expect((await leader.anyone.post('/admin/sync/reconcile')).status).toBe(401);
    expect((await leader.admin.post('/admin/sync/reconcile?wait_ms=-1')).status).toBe(400);
  });
});

describe('drift that cannot be repaired', () => {
  const user = `no-hdel-${process.pid}`;
  let server: TestRedis;
  let app: TestApp;

  beforeAll(async () => {
    server = await claimRedisDb();
    await server.client.call('ACL', 'SETUSER', user, 'on', '>secret', '~*', '&*', '+@all', '-hdel');
    app = await startApp({ EZ_REDIS_USERNAME: user, EZ_REDIS_PASSWORD: 'secret' });
  });
  afterAll(async () => {
    await app.close();
    await server.client.call('ACL', 'DELUSER', user);
    await server.close();
  });

  it('turns the status to degraded until a run finds it gone', async () => {
    await app.sync();
    await app.redis.hset('meta:features', 'planted', 'true');
    const { body } = await app.admin.post('/admin/sync/reconcile');
    expect(body.run).toMatchObject({ drift: [{ kind: 'feature', type: 'extra', found: 1, repaired: 0 }] });
    expect(body.run.error).toContain("can't run this command");
    const { state, reasons } = await statusOf(app);
    expect([state, reasons.length]).toEqual(['degraded', 1]);
    expect(reasons[0]).toContain('Redis has drifted: 1 resource could not be repaired');
    await app.redis.hdel('meta:features', 'planted');
    await app.admin.post('/admin/sync/reconcile');
    expect(await statusOf(app)).toMatchObject({ state: 'ok', reasons: [] });
  });
});

it('compares secrets that are sealed, though each sealing gives another text', async () => {
  const app = await startApp({ EZ_DP_ENCRYPTION_KEY: 'test-data-plane-key-0123456789abcdef' });
  const group = await aProviderGroup(app);
  const [one, two] = [await anApiKey(app, group.id), await anApiKey(app, group.id)];
  await app.sync();
  const drift = async () => (await app.admin.post('/admin/sync/reconcile')).body.run.drift;
  expect(await drift()).toEqual([]);
  const provider = async (id: number) => JSON.parse((await app.redis.hget('config:providers', String(id)))!);
  const swapped = { ...(await provider(one.id)), api_key: (await provider(two.id)).api_key };
  await app.redis.hset('config:providers', String(one.id), JSON.stringify(swapped));
  expect(await drift()).toEqual([{ kind: 'provider', type: 'payload', found: 1, repaired: 1 }]);
  expect(await drift()).toEqual([]);
  await app.close();
});

describe('among 10,000 keys', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
    await app.db.query(MANY_KEYS);
    await app.sync();
  });
  afterAll(() => app.close());

  it('finds the few that differ', async () => {
    const hashes = [3, 777, 9_999].map((n) => n.toString(16).padStart(64, '0'));
    await app.redis.del(...hashes.map((hash) => `auth:token:${hash}`));
    const { body } = await app.admin.post('/admin/sync/reconcile?wait_ms=30000');
    expect(body.run).toMatchObject({
      resources: 10_001,
      drift: [{ kind: 'key', type: 'missing', found: 3, repaired: 3 }],
    });
  });

  it('lets changes pass between its pages', async () => {
    const over = new AbortController();
    const runs = (async () => {
      while (!over.signal.aborted) await app.admin.post('/admin/sync/reconcile?wait_ms=30000');
    })();
    for (let i = 0; i < 50; i++) {
      const { headers } = await app.admin.post('/admin/namespaces?wait=applied&timeout_ms=30000', {
        name: unused('ns'),
      });
      expect(headers.get('ez-propagation')).toBe('applied');
    }
    over.abort();
    await runs;
  });
});

const MANY_KEYS = `
  INSERT INTO masters (id, name, master_key_hash, master_key_hint) VALUES (1, 'm', 'h', 'x');
  INSERT INTO keys (id, master_id, name) SELECT n, 1, 'k' || n FROM generate_series(1, 10000) n;
  INSERT INTO key_secrets (key_id, token_hash, hint) SELECT n, lpad(to_hex(n), 64, '0'), 'x' FROM generate_series(1, 10000) n;
  INSERT INTO sync_resource (kind, ref, version, deleted)
    SELECT 'key', token_hash, 1, false FROM key_secrets UNION ALL SELECT 'master', '1', 1, false;
  UPDATE sync_head SET version = version + 1`;
