import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { aKey, aMaster, aNamespace, aProviderGroup, anApiKey, created, tokenHash, unused } from '../support/gateway.js';
import type { Json } from '../support/http.js';
import { actualImage, desiredImage } from '../support/image.js';

describe('a committed change', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
    await app.sync();
  });
  afterAll(() => app.close());

  const held = async (hash: string, field: string): Promise<Json> => {
    await app.sync();
    const value = await app.redis.hget(hash, field);
    return value === null ? null : JSON.parse(value);
  };

  it('of a key reaches its field and its record, and takes them away when it is deleted', async () => {
    const master = await aMaster(app, { group: 'vip' });
    const key = await aKey(app, master.id);
    const hash = tokenHash(key.token);
    expect(await held('config:keys', hash)).toMatchObject({ id: key.id, group: 'vip', status: 'active' });
    await app.admin.patch(`/admin/masters/${master.id}`, { group: 'late' });
    expect(await held('config:keys', hash)).toMatchObject({ group: 'late' });
    await app.admin.delete(`/admin/masters/${master.id}/keys/${key.id}`);
    expect(await held('config:keys', hash)).toBeNull();
    expect(await app.redis.hget(`auth:token:${hash}`, 'status')).toBe('revoked');
  });

  it('of a provider group reaches its providers and the bindings that name it', async () => {
    const namespace = await aNamespace(app);
    const group = await aProviderGroup(app);
    const apiKey = await anApiKey(app, group.id);
    await created(app, '/admin/bindings', { namespace, public_model: 'gpt-4o', group_id: group.id });
    const field = `${namespace}.gpt-4o`;
    expect(await held('config:bindings', field)).toMatchObject({
      candidates: [{ upstreams: { [apiKey.id]: 'gpt-4o' } }],
    });
    await app.admin.patch(`/admin/provider-groups/${group.id}`, { models: ['gpt-5'] });
    expect(await held('config:bindings', field)).toMatchObject({ candidates: [{ error: 'config_error' }] });
    expect(await held('config:providers', String(apiKey.id))).toMatchObject({ models: ['gpt-5'] });
    await app.admin.delete(`/admin/api-keys/${apiKey.id}`);
    expect(await held('config:bindings', field)).toMatchObject({ candidates: [{ error: 'no_provider' }] });
    expect(await held('config:providers', String(apiKey.id))).toBeNull();
  });

  it('of a model changes the checksum by which balancers compare', async () => {
    const checksum = () => app.redis.hget('meta:models_meta', 'checksum');
    await created(app, '/admin/models', { name: unused('model') });
    await app.sync();
    const before = await checksum();
    const { id } = await created(app, '/admin/models', { name: unused('model') });
    await app.sync();
    expect(await checksum()).not.toBe(before);
    await app.admin.delete(`/admin/models/${id}`);
    await app.sync();
    expect(await checksum()).toBe(before);
  });

  it('takes a deleted master away, record and all', async () => {
    const master = await aMaster(app);
    await app.sync();
    expect(await app.redis.hget(`auth:master:${master.id}`, 'status')).toBe('active');
    await app.admin.delete(`/admin/masters/${master.id}`);
    await app.sync();
    expect(await app.redis.exists(`auth:master:${master.id}`)).toBe(0);
  });

  it('shows in the change stream with its version, kind and name', async () => {
    const name = unused('feature');
    const { version } = await created(app, '/admin/features', { name, value: true });
    await app.sync();
    const [last] = await app.redis.xrevrange('config:changes', '+', '-', 'COUNT', 1);
    expect(last![1]).toEqual(['v', `1.${version}`, 'kind', 'feature', 'ref', name, 'op', 'put']);
  });

  it('answers applied only when Redis has it', async () => {
    for (let i = 0; i < 20; i++) {
      const name = unused('ns');
      const { headers } = await app.admin.post('/admin/namespaces?wait=applied&timeout_ms=30000', { name });
      expect(headers.get('ez-propagation')).toBe('applied');
      expect(await app.redis.hexists('config:namespaces', name)).toBe(1);
    }
  });

  it('never shows a reader an older version after a newer one', async () => {
    const master = await aMaster(app);
    const { id, token } = await aKey(app, master.id);
    await app.sync();
    const over = new AbortController();
    const seen: bigint[] = [];
    const reader = (async () => {
      while (!over.signal.aborted)
        seen.push(BigInt((await app.redis.hget(`auth:token:${tokenHash(token)}`, 'ver')) ?? '0'));
    })();
    const path = `/admin/masters/${master.id}/keys/${id}`;
    await Promise.all(Array.from({ length: 40 }, (_, weight) => app.admin.patch(path, { weight })));
    await app.sync();
    over.abort();
    await reader;
    expect(new Set(seen).size).toBeGreaterThan(1);
    expect(seen.every((version, i) => i === 0 || version >= seen[i - 1]!)).toBe(true);
  });

  it('leaves PostgreSQL and Redis equal, whatever came before', async () => {
    await app.sync();
    expect(await actualImage(app.redis)).toEqual(await desiredImage(app.dsn));
  });
});

describe('a process that leaves dispatching to others', () => {
  let leader: TestApp;
  let other: TestApp;

  beforeAll(async () => {
    // Without a poll, only what is heard is done.
    leader = await startApp({ EZ_SYNC_OUTBOX_INTERVAL_SECONDS: '3600' });
    await leader.sync();
    const db = String(leader.redis.options.db);
    other = await startApp({ EZ_SYNC_OUTBOX_ENABLED: 'false', EZ_REDIS_DB: db }, () => leader.dsn);
  });
  afterAll(async () => {
    await other.close();
    await leader.close();
  });

  it('is heard by the one that dispatches, and can tell when its change is in Redis', async () => {
    const answer = await other.admin.post('/admin/namespaces?wait=applied&timeout_ms=30000', { name: unused('ns') });
    expect([answer.status, answer.headers.get('ez-propagation')]).toEqual([201, 'applied']);
  });

  it('can ask it for a full snapshot, and wait for that', async () => {
    await created(leader, '/admin/features', { name: unused('feature'), value: true });
    await leader.sync();
    await leader.redis.hset('meta:features', 'planted', 'true');
    const { status, body } = await other.admin.post('/sync/snapshot?wait=applied&timeout_ms=30000');
    expect([status, body.state]).toEqual([202, 'applied']);
    expect(await leader.redis.hexists('meta:features', 'planted')).toBe(0);
  });

  it('says of itself that it does not dispatch, and of Redis that all is well', async () => {
    const { body } = await other.admin.get('/admin/sync/status');
    expect(body.dispatcher).toMatchObject({ enabled: false, leader: false, fence: null });
    expect(body.lag).toEqual({ versions: 0, ms: 0 });
  });
});

describe('while nobody dispatches', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp({ EZ_SYNC_OUTBOX_ENABLED: 'false' });
  });
  afterAll(() => app.close());

  it('a change is pending, and Redis is not touched', async () => {
    const answer = await app.admin.post('/admin/namespaces?wait=applied&timeout_ms=300', { name: 'waiting' });
    expect([answer.status, answer.headers.get('ez-propagation')]).toEqual([201, 'pending']);
    expect(await app.redis.exists('config:meta', 'config:namespaces', 'config:changes')).toBe(0);
  });

  it('the change is listed with what else waits, and the status says why', async () => {
    const { body } = await app.admin.get('/admin/sync/resources?state=pending&page_size=1');
    expect(body).toMatchObject({ total: 1, data: [{ kind: 'namespace', ref: 'waiting', version: '1', attempts: 0 }] });
    expect((await app.admin.get('/admin/sync/status')).body).toMatchObject({
      state: 'degraded',
      reasons: ['Redis holds no configuration of ours'],
      marker: null,
      lag: { versions: null },
      pending: { total: 1, namespace: 1 },
    });
  });

  it('a request for a full snapshot is accepted, and does not say applied', async () => {
    const { status, body } = await app.admin.post('/admin/sync/snapshot?wait=applied&timeout_ms=100');
    expect([status, body.state]).toEqual([202, 'pending']);
  });
});
