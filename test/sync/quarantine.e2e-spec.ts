import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { aProviderGroup, anApiKey, unused } from '../support/gateway.js';
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

  const provider = async (): Promise<unknown> => JSON.parse((await app.redis.hget('config:providers', String(id)))!);
  const quarantined = async () => (await app.admin.get('/admin/sync/resources?state=quarantined')).body;

  it('keeps its last good value in Redis, and is not called applied', async () => {
    const { headers } = await app.admin.patch(`/admin/api-keys/${id}?wait=applied&timeout_ms=2000`, { weight: 7 });
    expect(headers.get('ez-propagation')).toBe('pending');
    expect(await provider()).toMatchObject({ api_key: 'sk-last-good', weight: 1 });
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
