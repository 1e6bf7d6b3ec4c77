import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { aKey, aMaster, aNamespace, tokenHash, unused } from '../support/gateway.js';

describe('masters', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.close());

  const path = (id: number, rest = ''): string => `/admin/masters/${id}${rest}`;
  const tokenRecord = async (token: string) => app.redis.hgetall(`auth:token:${tokenHash(token)}`);

  describe('when managed', () => {
    it('are suspended with all their keys at once, and activated again', async () => {
      const { id } = await aMaster(app);
      const { token } = await aKey(app, id);
      const suspended = await app.admin.post(path(id, '/manage?wait=applied'), { action: 'suspend' });
      expect([suspended.status, suspended.body.status, suspended.body.master_key]).toEqual([
        200,
        'suspended',
        undefined,
      ]);
      expect((await tokenRecord(token)).status).toBe('suspended');
      await app.admin.post(path(id, '/manage?wait=applied'), { action: 'activate' });
      expect((await tokenRecord(token)).status).toBe('active');
    });

    it('get a new master key that ends the old one and every JWT', async () => {
      const { id, master_key, epoch } = await aMaster(app);
      const { token } = await aKey(app, id);
      const jwt = (await app.anyone.as(master_key).post('/auth/master/token')).body.access_token;
      expect((await app.anyone.as(jwt).get('/v1/self')).status).toBe(200);
      const { body, headers } = await app.admin.post(path(id, '/manage?wait=applied'), { action: 'rotate' });
      expect(headers.get('cache-control')).toBe('no-store');
      expect(body).toMatchObject({ epoch: epoch + 1, master_key: expect.stringMatching(/^ezm_/) });
      expect((await app.anyone.as(jwt).get('/v1/self')).status).toBe(401);
      expect((await app.anyone.as(master_key).get('/v1/self')).status).toBe(401);
      expect((await app.anyone.as(body.master_key).get('/v1/self')).status).toBe(200);
      expect((await tokenRecord(token)).epoch).toBe(String(epoch + 1));
    });

    it('leave a line in the operation log for each action, without the key', async () => {
      const { id } = await aMaster(app);
      const { body } = await app.admin.post(path(id, '/manage'), { action: 'rotate' });
      const { data } = (await app.admin.get(`/admin/operation-logs?resource=master&resource_id=${id}`)).body;
      expect(data.map(({ action }: { action: string }) => action)).toEqual(['rotate', 'create']);
      expect(data[0]).toMatchObject({
        before: { epoch: 1 },
        after: { epoch: 2, master_key_hint: body.master_key_hint },
      });
      expect(JSON.stringify(data)).not.toContain(body.master_key);
      expect(JSON.stringify(data)).not.toContain(tokenHash(body.master_key));
    });
  });

  describe('when deleted', () => {
    it('take their keys with them, and no token of theirs works any more', async () => {
      const { id, master_key } = await aMaster(app);
      const { id: keyId, token } = await aKey(app, id);
      expect((await app.admin.delete(path(id, '?wait=applied'))).status).toBe(204);
      expect((await tokenRecord(token)).status).toBe('revoked');
      expect(await app.redis.hexists('config:keys', tokenHash(token))).toBe(0);
      expect((await app.admin.get(`/admin/keys/${keyId}`)).status).toBe(404);
      expect((await app.anyone.as(master_key).get('/v1/self')).status).toBe(401);
    });

    it('leave none of 1,000 keys usable, in one version and with a line in the log for each', async () => {
      const { id } = await aMaster(app);
      const create = Array.from({ length: 1000 }, (_, i) => ({ name: `k${i}` }));
      const made = await app.admin.post(path(id, '/keys/batch'), { create });
      const { headers } = await app.admin.delete(path(id, '?wait=applied&timeout_ms=30000'));
      expect(headers.get('ez-propagation')).toBe('applied');
      const pipeline = app.redis.pipeline();
      for (const { token } of made.body.created) pipeline.hget(`auth:token:${tokenHash(token)}`, 'status');
      const statuses = (await pipeline.exec())!.map(([, status]) => status);
      expect([statuses.length, new Set(statuses)]).toEqual([1000, new Set(['revoked'])]);
      const [version] = headers.get('ez-config-version')!.split('.').slice(1);
      const log = (await app.admin.get(`/admin/operation-logs?config_version=${version}`)).body;
      expect([log.total, log.data[0].action]).toEqual([1001, 'delete']);
    });
  });

  it('are not deleted with more keys than one change can carry', async () => {
    const { id } = await aMaster(app);
    await app.db.query(`INSERT INTO keys (master_id, name) SELECT $1, 'k' FROM generate_series(1, 20001)`, [id]);
    const { status, body } = await app.admin.delete(path(id));
    expect([status, body.code]).toEqual([409, 'too_many_keys']);
    expect((await app.admin.get(path(id))).status).toBe(200);
  });

  describe('in a batch', () => {
    it('are created each with its key, updated and deleted together', async () => {
      const [old, gone] = [await aMaster(app), await aMaster(app)];
      const names = [unused('m'), unused('m')];
      const { status, body, headers } = await app.admin.post('/admin/masters/batch', {
        ...{ create: names.map((name) => ({ name })), update: [{ id: old.id, global_qps: 9 }], delete: [gone.id] },
      });
      expect([status, headers.get('cache-control')]).toEqual([200, 'no-store']);
      expect(body).toMatchObject({ updated: [{ global_qps: 9 }], deleted: [gone.id] });
      for (const [i, { id, master_key }] of body.created.entries()) {
        expect((await app.anyone.as(master_key).get('/v1/self')).body).toMatchObject({ id, name: names[i] });
      }
    });

    it('name the item that is wrong', async () => {
      const namespace = await aNamespace(app);
      const [free, held] = [await aMaster(app), await aMaster(app, { namespaces: [namespace] })];
      await aKey(app, held.id, { namespaces: [namespace] });
      const update = [
        { id: free.id, namespaces: [] },
        { id: held.id, namespaces: [] },
      ];
      const { status, body } = await app.admin.post('/admin/masters/batch', { update });
      expect([status, body.errors[0].pointer]).toEqual([409, '/update/1/namespaces']);
      const create = [{ name: unused('m') }, { name: unused('m'), default_namespace: 'x' }];
      const second = await app.admin.post('/admin/masters/batch', { create });
      expect([second.status, second.body.errors[0].pointer]).toEqual([422, '/create/1/default_namespace']);
    });

    it('are suspended and deleted by an action on many', async () => {
      const ids = [(await aMaster(app)).id, (await aMaster(app)).id];
      const { token } = await aKey(app, ids[0]!);
      await app.admin.post('/admin/masters/batch?wait=applied', { action: 'status', ids, status: 'suspended' });
      expect((await tokenRecord(token)).status).toBe('suspended');
      const deleted = await app.admin.post('/admin/masters/batch?wait=applied', { action: 'delete', ids });
      expect(deleted.body.deleted).toEqual(ids);
      expect((await tokenRecord(token)).status).toBe('revoked');
    });
  });
});
