import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { aKey, aMaster, aNamespace, tokenHash } from '../support/gateway.js';

describe('/v1/self', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.close());

  it('shows a tenant what it is and may, without the hash of its key', async () => {
    const namespace = await aNamespace(app);
    const { master_key, ...master } = await aMaster(app, {
      ...{ namespaces: [namespace], default_namespace: namespace, group: 'vip', max_child_keys: 9, balance: 1.5 },
    });
    const { status, headers, body } = await app.anyone.as(master_key).get('/v1/self');
    expect([status, headers.get('etag')]).toEqual([200, `"${master.version}"`]);
    const none = { total: 0, active: 0, suspended: 0, revoked: 0, expired: 0, exhausted: 0 };
    expect(body).toEqual({ ...master, keys: none });
    expect(JSON.stringify(body)).not.toContain(tokenHash(master_key));
  });

  it('counts its own keys', async () => {
    const [{ id, master_key }, other] = [await aMaster(app), await aMaster(app)];
    await aKey(app, other.id);
    await aKey(app, id);
    await aKey(app, id, { status: 'suspended' });
    await aKey(app, id, { quota_limit: 0 });
    const past = await aKey(app, id, { expires_at: '2099-01-01T00:00:00Z' });
    await app.admin.patch(`/admin/masters/${id}/keys/${past.id}`, { expires_at: '2020-01-01T00:00:00Z' });
    const gone = await aKey(app, id, { quota_limit: 0 });
    await app.admin.post(`/admin/masters/${id}/keys/${gone.id}/revoke`);
    const { body } = await app.anyone.as(master_key).get('/v1/self');
    expect(body.keys).toEqual({ total: 5, active: 3, suspended: 1, revoked: 1, expired: 1, exhausted: 1 });
  });

  it('is closed to a suspended tenant, to an operator and to anyone else', async () => {
    const { id, master_key } = await aMaster(app);
    const tenant = app.anyone.as(master_key);
    expect((await tenant.get('/v1/self')).status).toBe(200);
    await app.admin.post(`/admin/masters/${id}/manage`, { action: 'suspend' });
    expect((await tenant.get('/v1/self')).status).toBe(401);
    expect((await app.admin.get('/v1/self')).status).toBe(403);
    expect((await app.anyone.get('/v1/self')).status).toBe(401);
  });
});
