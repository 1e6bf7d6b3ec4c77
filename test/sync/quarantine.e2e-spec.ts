import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Propagation } from '../../src/http/receipt.js';
import { IS_RENDERED } from '../../src/sync/applied-wait.js';
import { SyncDatabase } from '../../src/sync/sync-database.js';
import { startApp, type TestApp } from '../support/app.js';
import { aKey, aMaster, aProviderGroup, anApiKey, unused } from '../support/gateway.js';
import { until } from '../support/launcher.js';

describe('a resource that cannot be rendered', () => {
  let app: TestApp;
  let id: number;
  let secret: string;

  beforeAll(async () => {
    app = await startApp();
    ({ id } = await anApiKey(app, (await aProviderGroup(app)).id, { secret: 'sk-last-good', weight: 1 }));
    await app.sync();
    [{ secret }] = await app.db.query('SELECT secret FROM api_keys WHERE id = $1', [id]);
    await app.db.query('UPDATE api_keys SET secret = $1 WHERE id = $2', ['v1.00000000.AAAA', id]);
  });
  afterAll(() => app.close());

  const path = (): string => `/admin/api-keys/${id}`;
  const provider = async (): Promise<unknown> => JSON.parse((await app.redis.hget('config:providers', String(id)))!);
  const quarantined = async () => (await app.admin.get('/admin/sync/resources?state=quarantined')).body;

  it('keeps its last good value in Redis, and is not called applied', async () => {
    const { headers } = await app.admin.patch(`${path()}?wait=applied&timeout_ms=30000`, { weight: 7 });
    expect(headers.get('ez-propagation')).toBe('pending');
    expect(await provider()).toMatchObject({ api_key: 'sk-last-good', weight: 1 });
  });

  it('is not called applied to its earlier writers either', async () => {
    const [first] = [await app.admin.patch(path(), { weight: 8 }), await app.admin.patch(path(), { weight: 7 })];
    await app.sync();
    const [gen, version] = first.headers.get('ez-config-version')!.split('.');
    const wait = { for: 'applied', timeoutMs: 30_000 } as const;
    expect(await app.nest.get(Propagation).wait({ gen: gen!, version: version! }, wait)).toBe('pending');
  });

  it('holds up nobody else', async () => {
    const answer = await app.admin.post('/admin/namespaces?wait=applied&timeout_ms=30000', { name: unused('ns') });
    expect(answer.headers.get('ez-propagation')).toBe('applied');
  });

  it('is shown with the reason, which gives nothing away, and turns the status to degraded', async () => {
    expect(await quarantined()).toMatchObject({
      total: 1,
      data: [{ kind: 'provider', ref: String(id), last_error: "A stored secret can't be decrypted: malformed" }],
    });
    const { body } = await app.admin.get('/admin/sync/status');
    expect(body).toMatchObject({ state: 'degraded', quarantined: 1, reasons: ['1 resource cannot be rendered'] });
    expect(app.logs.join('')).toContain(`quarantined provider ${id}`);
  });

  it('keeps its last good value through a full snapshot too', async () => {
    const { body } = await app.admin.post('/sync/snapshot?wait=applied&timeout_ms=30000');
    expect(body.state).toBe('applied');
    expect(await provider()).toMatchObject({ api_key: 'sk-last-good', weight: 1 });
  });

  it('is tried again until it can be rendered, and leaves nothing behind', async () => {
    await app.db.query('UPDATE api_keys SET secret = $1 WHERE id = $2', [secret, id]);
    await until(async () => (await quarantined()).total === 0);
    expect(await provider()).toMatchObject({ api_key: 'sk-last-good', weight: 7 });
    expect((await app.admin.get('/admin/sync/status')).body).toMatchObject({
      state: 'ok',
      reasons: [],
      quarantined: 0,
    });
  }, 30_000);
});

describe('a key that cannot be rendered', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.close());

  const manage = async ({ id }: { id: number }): Promise<string | null> => {
    const path = `/admin/masters/${id}/manage?wait=applied&timeout_ms=30000`;
    return (await app.admin.post(path, { action: 'bump_epoch' })).headers.get('ez-propagation');
  };

  it('keeps a change of its master from being called applied, and no change of another one', async () => {
    const [master, other] = [await aMaster(app), await aMaster(app)];
    const key = await aKey(app, master.id, { quota_limit: 10, quota_reset_type: 'daily' });
    await app.sync();
    await app.db.query(`UPDATE keys SET quota_timezone = 'Nowhere/At all' WHERE id = $1`, [key.id]);
    expect([await manage(master), await manage(other)]).toEqual(['pending', 'applied']);
    await app.db.query(`UPDATE keys SET quota_timezone = 'UTC' WHERE id = $1`, [key.id]);
    await until(async () => (await manage(master)) === 'applied');
  });

  it('is found from what is quarantined, however many keys its master has', async () => {
    const plan = await app.nest
      .get(SyncDatabase)
      .query<{ 'QUERY PLAN': string }>(`EXPLAIN ${IS_RENDERED}`, ['1', 'a database']);
    const text = plan.map((line) => line['QUERY PLAN']).join('\n');
    for (const step of [
      'ix_sync_resource_quarantined',
      'Index Cond: (token_hash = sync_resource.ref)',
      'Index Scan using pk_keys',
      'Index Scan using pk_sync_resource',
    ]) {
      expect(text).toContain(step);
    }
  });
});

describe('with EZ_SYNC_OUTBOX_MAX_RETRIES', () => {
  it('nobody is alarmed before that many attempts have failed', async () => {
    const app = await startApp({ EZ_SYNC_OUTBOX_MAX_RETRIES: '1000' });
    const { id } = await anApiKey(app, (await aProviderGroup(app)).id);
    await app.db.query('UPDATE api_keys SET secret = $1 WHERE id = $2', ['v1.00000000.AAAA', id]);
    await app.admin.patch(`/admin/api-keys/${id}?wait=applied&timeout_ms=500`, { weight: 7 });
    const { body } = await app.admin.get('/admin/sync/resources?state=quarantined');
    expect(body).toMatchObject({ total: 1, data: [{ kind: 'provider', ref: String(id) }] });
    expect((await app.admin.get('/admin/sync/status')).body).toMatchObject({ quarantined: 0 });
    await app.close();
  });
});
