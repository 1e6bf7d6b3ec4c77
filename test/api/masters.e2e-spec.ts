import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { aKey, aMaster, aNamespace, tokenHash, unused } from '../support/gateway.js';

describe('masters', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.close());

  const path = (id: number | string, rest = ''): string => `/admin/masters/${id}${rest}`;
  const tokenRecord = async (token: string) => app.redis.hgetall(`auth:token:${tokenHash(token)}`);

  it('are created with defaults and a master key that is shown once', async () => {
    const name = unused('master');
    const { status, headers, body } = await app.admin.post('/admin/masters', { name });
    expect([status, headers.get('cache-control')]).toEqual([201, 'no-store']);
    expect(body).toMatchObject({
      ...{ name, group: 'default', namespaces: [], default_namespace: '', max_child_keys: 0, global_qps: 0 },
      ...{ status: 'active', epoch: 1, balance: 0, master_key: expect.stringMatching(/^ezm_[0-9A-Za-z]{49}$/) },
    });
    expect(body.master_key_hint).toBe(`ezm_…${body.master_key.slice(-4)}`);
    const later = await app.admin.get(path(body.id));
    expect(later.body).not.toHaveProperty('master_key');
    expect(JSON.stringify(later.body)).not.toContain(tokenHash(body.master_key));
    expect(later.headers.get('etag')).toBe(`"${body.version}"`);
  });

  it('sign in with the key they were given', async () => {
    const { id, master_key } = await aMaster(app);
    expect((await app.anyone.as(master_key).get('/v1/self')).body.id).toBe(id);
  });

  it('answer the very same master key to a retry with the same Idempotency-Key', async () => {
    const body = { name: unused('master') };
    const headers = { 'idempotency-key': unused('retry') };
    const first = await app.admin.post('/admin/masters', body, headers);
    const second = await app.admin.post('/admin/masters', body, headers);
    expect(second.body).toEqual(first.body);
    expect(second.headers.get('cache-control')).toBe('no-store');
  });

  it.each([
    ['no name', {}, '/name'],
    ['a blank in the name', { name: 'a b' }, '/name'],
    ['an unknown status', { name: 'x', status: 'gone' }, '/status'],
    ['a negative limit', { name: 'x', max_child_keys: -1 }, '/max_child_keys'],
    ['half a request per second', { name: 'x', global_qps: 0.5 }, '/global_qps'],
    ['more decimals than money has', { name: 'x', balance: 0.0000001 }, '/balance'],
    ['a namespace with a dot', { name: 'x', namespaces: ['a.b'] }, '/namespaces'],
    ['a namespace twice', { name: 'x', namespaces: ['a', 'a'] }, '/namespaces'],
    ['an epoch of its own', { name: 'x', epoch: 7 }, '/epoch'],
    ['a master key of its own', { name: 'x', master_key_hash: tokenHash('x') }, '/master_key_hash'],
  ])('are refused with 400 for %s', async (_what, body, pointer) => {
    const answer = await app.admin.post('/admin/masters', body);
    expect([answer.status, answer.body.errors[0]?.pointer]).toEqual([400, pointer]);
  });

  it('are refused with 409 when the name is taken', async () => {
    const { name } = await aMaster(app);
    const { status, body } = await app.admin.post('/admin/masters', { name });
    expect([status, body.code, body.errors[0].pointer]).toEqual([409, 'uq_masters_name', '/name']);
  });

  it('are refused with 422 for a namespace that does not exist', async () => {
    const { status, body } = await app.admin.post('/admin/masters', { name: unused('m'), namespaces: ['nowhere'] });
    expect([status, body.code, body.errors[0].pointer]).toEqual([422, 'fk_masters_namespaces', '/namespaces']);
  });

  it('are refused with 422 for a default namespace that is not theirs', async () => {
    const namespaces = [await aNamespace(app)];
    const wrong = { name: unused('m'), namespaces, default_namespace: 'other' };
    const { status, body } = await app.admin.post('/admin/masters', wrong);
    expect([status, body.errors[0].pointer]).toEqual([422, '/default_namespace']);
    const master = await aMaster(app, { namespaces, default_namespace: namespaces[0] });
    const emptied = await app.admin.patch(path(master.id), { namespaces: [] });
    expect([emptied.status, emptied.body.errors[0].pointer]).toEqual([422, '/default_namespace']);
    expect((await app.admin.patch(path(master.id), { namespaces: null, default_namespace: null })).status).toBe(200);
  });

  it('change only in the fields that are given, null clears, and the name can’t be cleared', async () => {
    const { id } = await aMaster(app, { group: 'vip', global_qps: 5, balance: 12.345678 });
    const first = await app.admin.patch(path(id), { global_qps: 7 });
    expect(first.body).toMatchObject({ group: 'vip', global_qps: 7, balance: 12.345678 });
    const second = await app.admin.put(path(id), { group: null, balance: null });
    expect(second.body).toMatchObject({ group: 'default', global_qps: 7, balance: 0 });
    expect((await app.admin.patch(path(id), { name: null })).status).toBe(400);
  });

  it('change only in the version that If-Match names, whatever is done to them', async () => {
    const { id, version } = await aMaster(app);
    const stale = { 'if-match': `"${version}"` };
    expect((await app.admin.patch(path(id), { global_qps: 1 }, stale)).status).toBe(200);
    expect((await app.admin.patch(path(id), { global_qps: 2 }, stale)).status).toBe(412);
    expect((await app.admin.post(path(id, '/manage'), { action: 'suspend' }, stale)).status).toBe(412);
    expect((await app.admin.delete(path(id), stale)).status).toBe(412);
    expect((await app.admin.get(path(id))).body).toMatchObject({ global_qps: 1, status: 'active' });
  });

  it('take two writers at once one after the other', async () => {
    const { id } = await aMaster(app);
    const epochs = Array.from({ length: 10 }, () => app.admin.post(path(id, '/manage'), { action: 'bump_epoch' }));
    const seen = (await Promise.all(epochs)).map(({ body }) => body.epoch);
    expect(seen.toSorted((a, b) => a - b)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  });

  it('keep a namespace that one of their keys names, and give up any other', async () => {
    const [used, byDefault, free] = [await aNamespace(app), await aNamespace(app), await aNamespace(app)];
    const { id } = await aMaster(app, { namespaces: [used, byDefault, free] });
    await aKey(app, id, { namespaces: [used] });
    await aKey(app, id, { default_namespace: byDefault });
    for (const namespaces of [[byDefault, free], [used, free], null]) {
      const { status, body } = await app.admin.patch(path(id), { namespaces });
      expect([status, body.code, body.errors[0].pointer]).toEqual([409, 'namespace_in_use', '/namespaces']);
    }
    expect((await app.admin.patch(path(id), { namespaces: [used, byDefault] })).status).toBe(200);
  });

  it('are listed by status, group, namespace and part of the name', async () => {
    const [word, namespace] = [unused('Listed'), await aNamespace(app)];
    const [a, b] = [
      await aMaster(app, { name: `${word}-a`, group: 'vip', namespaces: [namespace] }),
      await aMaster(app, { name: `${word}-b`, status: 'suspended' }),
    ];
    const list = async (query: string): Promise<number[]> =>
      (await app.admin.get(`/admin/masters?search=${word.toLowerCase()}&${query}`)).body.data.map(
        ({ id }: { id: number }) => id,
      );
    expect(await list('')).toEqual([b.id, a.id]);
    expect(await list('sort=name')).toEqual([a.id, b.id]);
    expect(await list('status=suspended')).toEqual([b.id]);
    expect(await list('group=vip')).toEqual([a.id]);
    expect(await list(`namespace=${namespace}`)).toEqual([a.id]);
    expect((await app.admin.get('/admin/masters?sort=master_key_hash')).status).toBe(400);
  });

  it.each(['GET', 'PATCH', 'PUT', 'DELETE'])('answer 404 to %s for an id that was never given', async (method) => {
    const body = method.startsWith('P') ? {} : undefined;
    expect((await app.admin.send(method, path(999_999), body)).status).toBe(404);
  });

  it('answer 404 or 400 to an action on nobody, or an action that is none', async () => {
    expect((await app.admin.post(path(999_999, '/manage'), { action: 'suspend' })).status).toBe(404);
    const { id } = await aMaster(app);
    for (const body of [{}, { action: 'drop' }, { action: 'suspend', why: 'x' }]) {
      expect((await app.admin.post(path(id, '/manage'), body)).status).toBe(400);
    }
  });

  it('reach their keys with every change that these repeat', async () => {
    const [one, two] = [await aNamespace(app), await aNamespace(app)];
    const { id } = await aMaster(app, { namespaces: [one], default_namespace: one });
    const { token } = await aKey(app, id);
    await app.admin.patch(path(id, '?wait=applied'), { group: 'vip', namespaces: [one, two], default_namespace: two });
    expect(await tokenRecord(token)).toMatchObject({
      group: 'vip',
      namespaces: `${one},${two}`,
      default_namespace: two,
    });
    expect(await app.redis.hgetall(`auth:master:${id}`)).toMatchObject({ group: 'vip', default_namespace: two });
  });
});
