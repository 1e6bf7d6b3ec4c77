import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { INTERNAL_TOKEN, startApp, type TestApp } from '../support/app.js';
import { startBalancer, type TestBalancer } from '../support/balancer.js';
import { unused } from '../support/gateway.js';
import type { Answer, Json } from '../support/http.js';
import { until } from '../support/launcher.js';
import { metricsIn, type Sample, valueOf } from '../support/prometheus.js';

const PATIENCE_MS = 30_000;

describe('data planes', () => {
  let app: TestApp;
  let follower: TestApp;
  let started: TestBalancer[] = [];

  beforeAll(async () => {
    app = await startApp();
    await app.sync();
    const db = String(app.redis.options.db);
    follower = await startApp({ EZ_SYNC_OUTBOX_ENABLED: 'false', EZ_REDIS_DB: db }, () => app.dsn);
  });
  afterEach(async () => {
    await Promise.all(started.map((balancer) => balancer.close()));
    started = [];
    const acks = await app.redis.keys('dp:ack:*');
    await app.redis.del('dp:nodes', ...acks);
  });
  afterAll(async () => {
    await follower.close();
    await app.close();
  });

  async function aBalancer(node: string): Promise<TestBalancer> {
    const balancer = startBalancer(app, node);
    started.push(balancer);
    await until(async () => (await stateOf(node)) === 'ok');
    return balancer;
  }

  /** What a node writes that is no reader of ours. */
  async function acknowledge(node: string, fields: Record<string, string>, ttlMs = 30_000): Promise<void> {
    await app.redis
      .multi()
      .hset(`dp:ack:${node}`, fields)
      .pexpire(`dp:ack:${node}`, ttlMs)
      .sadd('dp:nodes', node)
      .exec();
  }

  const write = (query: string, by: TestApp = app): Promise<Answer> =>
    by.admin.post(`/admin/features${query}`, { name: unused('feature'), value: true });

  const outcome = async (timeoutMs: number, by: TestApp = app): Promise<string | null> => {
    const answer = await write(`?wait=dp&timeout_ms=${timeoutMs}`, by);
    expect(answer.status).toBe(201);
    return answer.headers.get('ez-propagation');
  };

  const status = async (): Promise<Json> => (await app.admin.get('/admin/sync/status')).body;
  const nodeIn = ({ data_planes }: Json, node: string): Json =>
    data_planes.nodes.find((each: Json) => each.node === node);
  const stateOf = async (node: string): Promise<string | undefined> => nodeIn(await status(), node)?.state;
  const headVersion = async (): Promise<string> => (await status()).head.version;
  const scrape = async (): Promise<Sample[]> =>
    metricsIn((await app.anyone.as(INTERNAL_TOKEN).get('/internal/metrics')).body as string).samples;

  it('are none at first, which is not the same as all being well', async () => {
    expect(await status()).toMatchObject({
      state: 'ok',
      data_planes: { state: 'none', summary: 'No data plane is known', nodes: [] },
    });
    expect(await outcome(50)).toBe('pending');
  });

  it('show what they serve, since when, and when they were last heard', async () => {
    await aBalancer('eu-1');
    expect(await outcome(PATIENCE_MS)).toBe('applied');
    const seen = await status();
    expect(seen).toMatchObject({ state: 'ok', data_planes: { state: 'ok', summary: 'The data plane follows' } });
    expect(nodeIn(seen, 'eu-1')).toMatchObject({
      state: 'ok',
      gen: '1',
      version: seen.head.version,
      lag: { versions: 0, ms: 0 },
      error: null,
      software: 'test-balancer/1',
    });
    for (const field of ['started_at', 'last_seen_at']) {
      expect(Math.abs(Date.parse(nodeIn(seen, 'eu-1')[field]) - Date.now())).toBeLessThan(120_000);
    }
  });

  it('are waited for by writes to any replica, with the version that was committed', async () => {
    const { reader } = await aBalancer('eu-1');
    const name = unused('feature');
    for (const by of [app, follower]) {
      const answer = await write(`?wait=dp&timeout_ms=${PATIENCE_MS}`, by);
      expect(answer.headers.get('ez-propagation')).toBe('applied');
      expect(BigInt(reader.version.version)).toBeGreaterThanOrEqual(BigInt(answer.body.version));
    }
    await app.admin.post(`/admin/features?wait=dp&timeout_ms=${PATIENCE_MS}`, { name, value: 'seen' });
    expect(reader.configuration!.feature.get(name)).toBe('seen');
  });

  it('that lag are shown with the versions they lack and the age of the oldest', async () => {
    await aBalancer('eu-1');
    await acknowledge('slow', { gen: '1', version: await headVersion(), state: 'ok' });
    expect(await outcome(100)).toBe('pending');
    expect(await outcome(100)).toBe('pending');
    const first = nodeIn(await status(), 'slow').lag;
    expect(first.versions).toBe(2);
    expect(first.ms).toBeGreaterThanOrEqual(100);
    await until(async () => nodeIn(await status(), 'slow').lag.ms > first.ms);
    await app.db.query(
      `UPDATE sync_resource SET changed_at = changed_at - interval '40 s' WHERE version > (SELECT version - 2 FROM sync_head)`,
    );
    const { state, reasons, data_planes } = await status();
    expect([state, data_planes.state]).toEqual(['lagging', 'lagging']);
    expect(reasons).toEqual([expect.stringMatching(/^Data plane slow lacks a change that is \d+ s old$/)]);
    await until(async () => valueOf(await scrape(), 'ez_data_plane_lag_versions', { node: 'eu-1' }) === 0);
    const samples = await scrape();
    expect(valueOf(samples, 'ez_data_plane_lag_versions', { node: 'slow' })).toBe(2);
    expect(valueOf(samples, 'ez_data_plane_lag_seconds', { node: 'slow' })).toBeGreaterThan(40);
  });

  it('that refuse are shown with their reason, and never count as served', async () => {
    await aBalancer('eu-1');
    await acknowledge('broken', { gen: '1', version: '999', state: 'nack', error: 'disk\nfull' });
    expect(await outcome(100)).toBe('pending');
    const { state, reasons, data_planes } = await status();
    expect([state, reasons]).toEqual(['degraded', ['Data plane broken refuses the configuration: disk full']]);
    expect(data_planes.state).toBe('refusing');
    const logged = () => [...app.logs, ...follower.logs].join('');
    await until(() => logged().includes('data plane broken says nack: disk full'));
    const samples = await scrape();
    expect(valueOf(samples, 'ez_data_plane_nacks', { node: 'broken' })).toBe(1);
    expect(valueOf(samples, 'ez_data_plane_nacks', { node: 'eu-1' })).toBe(0);
    expect(valueOf(samples, 'ez_data_planes', { state: 'nack' })).toBe(1);
  });

  it('that refuse for a reason in Redis stop refusing when it is repaired', async () => {
    await aBalancer('eu-1');
    const name = unused('feature');
    await app.admin.post(`/admin/features?wait=dp&timeout_ms=${PATIENCE_MS}`, { name, value: 1 });
    await app.redis.hset('meta:features', name, '{broken');
    await app.redis.xadd('config:changes', '*', 'v', '1.1', 'kind', 'feature', 'ref', name, 'op', 'put');
    await until(async () => (await stateOf('eu-1')) === 'nack');
    await app.admin.post('/admin/sync/reconcile');
    await until(async () => (await stateOf('eu-1')) === 'ok');
    expect((await status()).state).toBe('ok');
  });

  it('that die while somebody waits are waited for no longer', async () => {
    const other = await aBalancer('eu-1');
    await acknowledge('dying', { gen: '1', version: '1', state: 'ok' }, 1_000);
    expect(await outcome(PATIENCE_MS)).toBe('applied');
    expect(await stateOf('dying')).toBeUndefined();
    await other.close();
    await acknowledge('dying', { gen: '1', version: '1', state: 'ok' }, 300);
    expect(await outcome(1_000)).toBe('pending');
    expect((await status()).data_planes.state).toBe('none');
  });

  it('that were killed are shown until their last word expires', async () => {
    const balancer = await aBalancer('killed');
    await balancer.vanish();
    expect(await stateOf('killed')).toBe('ok');
    expect(await outcome(100)).toBe('pending');
    await app.redis.pexpire('dp:ack:killed', 1);
    await until(async () => (await stateOf('killed')) === undefined);
  });

  it('that only acknowledge, as the first contract has it, are found all the same', async () => {
    await app.redis.multi().hset('dp:ack:v1', { gen: '1', version: '1.7', state: 'ok' }).expire('dp:ack:v1', 30).exec();
    await until(async () => {
      await app.redis.expire('dp:ack:v1', 30);
      return (await stateOf('v1')) === 'ok';
    });
    expect(nodeIn(await status(), 'v1')).toMatchObject({ gen: '1', version: '7' });
  });

  it('break nothing, whatever they write', async () => {
    await aBalancer('eu-1');
    await acknowledge('nothing', { unknown: 'x' });
    await acknowledge('words', { gen: 'one', version: 'two', state: 'ok', started_at: 'yesterday' });
    await acknowledge('huge', { gen: '1', version: '9'.repeat(400), state: 'ok', error: 'x'.repeat(10_000) });
    await acknowledge('future', { gen: '1', version: '999999', state: 'ok', started_at: '99999999999' });
    await acknowledge('earlier', { gen: '0', version: '5', state: 'ok' });
    await acknowledge('evil"}\n{\u0000', { gen: '1', version: '1', state: 'ok' });
    await acknowledge('n'.repeat(5_000), { gen: '1', version: '1', state: 'ok' });
    await app.redis.set('dp:ack:text', 'x', 'EX', 30);
    await app.redis.hset('dp:ack:eternal', { gen: '1', version: '1', state: 'ok' });
    await app.redis.sadd('dp:nodes', 'text', 'eternal', 'never there');
    const { state, reasons, data_planes } = await status();
    expect(state).toBe('degraded');
    expect(reasons).toContain('Data plane future serves 1.999999, which this database does not know');
    const states = Object.fromEntries(data_planes.nodes.map((each: Json) => [each.node, each.state]));
    expect(states).toMatchObject({
      'eu-1': 'ok',
      nothing: 'unreadable',
      words: 'unreadable',
      huge: 'unreadable',
      earlier: 'ok',
      text: 'unreadable',
      eternal: 'unreadable',
      'evil"}\\u{a}{\\u{0}': 'ok',
    });
    expect(Object.keys(states)).toHaveLength(10);
    expect(Math.max(...Object.keys(states).map((name) => name.length))).toBe(64);
    expect(await outcome(100)).toBe('pending');
    const samples = await scrape();
    expect(samples.filter(({ name }) => name === 'ez_data_plane_nacks')).toHaveLength(10);
  });

  it('are not known while their register is something else, which ends by itself', async () => {
    await app.redis.set('dp:nodes', 'text');
    const { state, data_planes } = await status();
    expect([state, data_planes.state]).toEqual(['degraded', 'unknown']);
    expect(await outcome(50)).toBe('pending');
    await until(async () => (await status()).data_planes.state === 'none');
  });

  it('that are many get no more than 200 series, those furthest behind', async () => {
    const version = await headVersion();
    await Promise.all(Array.from({ length: 230 }, (_, i) => acknowledge(`n${i}`, { gen: '1', version, state: 'ok' })));
    await acknowledge('last', { gen: '1', version: '1', state: 'ok' });
    const samples = await scrape();
    expect(samples.filter(({ name }) => name === 'ez_data_plane_lag_versions')).toHaveLength(200);
    expect(valueOf(samples, 'ez_data_plane_lag_versions', { node: 'last' })).toBeGreaterThan(0);
    expect(valueOf(samples, 'ez_data_planes', { state: 'ok' })).toBe(231);
  });
});
