import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { created, unused } from '../support/gateway.js';
import type { Json } from '../support/http.js';

describe('models', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.close());

  const aModel = (fields: object = {}): Promise<Json> =>
    created(app, '/admin/models', { name: unused('default.model'), ...fields });
  const inRedis = async (name: string): Promise<Json> => {
    await app.sync();
    return JSON.parse((await app.redis.hget('meta:models', name)) ?? 'null');
  };

  it('are created with defaults', async () => {
    const name = unused('default.model');
    const { status, headers, body } = await app.admin.post('/admin/models', { name });
    expect([status, headers.get('etag')]).toEqual([201, `"${body.version}"`]);
    expect(body).toMatchObject({
      ...{ name, kind: 'chat', context_window: 0, max_output_tokens: 0, cost_per_token: 0 },
      ...{ input_price: 0, output_price: 0, cache_read_price: 0, supports_vision: false, supports_stream: false },
      ...{ source: 'manual', status: 'active' },
    });
  });

  it('keep prices to the last digit, and reach balancers with them', async () => {
    const fields = { context_window: 128_000, cost_per_token: 0.000002000001, input_price: 2.5, supports_vision: true };
    const { id, name } = await aModel({ ...fields, output_price: 123456789.123456 });
    const { body } = await app.admin.get(`/admin/models/${id}`);
    expect(body).toMatchObject({ ...fields, output_price: 123456789.123456 });
    expect(await inRedis(name)).toEqual({
      ...{ name, kind: 'chat', context_window: 128_000, cost_per_token: 0.000002000001, supports_vision: true },
    });
  });

  it.each([
    ['', 'chat'],
    ['EMBEDDING', 'embedding'],
    ['speech', 'other'],
  ])('read the kind %j as %s', async (kind, expected) => {
    expect((await aModel({ kind })).kind).toBe(expected);
  });

  it.each([
    ['no name', { name: undefined }, '/name'],
    ['a blank in the name', { name: 'a b' }, '/name'],
    ['a kind that is no text', { kind: 7 }, '/kind'],
    ['a negative price', { input_price: -1 }, '/input_price'],
    ['more decimals than a price has', { input_price: 0.0000001 }, '/input_price'],
    ['more decimals than a price per token has', { cost_per_token: 1e-13 }, '/cost_per_token'],
    ['half a token', { context_window: 0.5 }, '/context_window'],
    ['more tokens than can be counted', { max_output_tokens: 2 ** 31 }, '/max_output_tokens'],
    ['an unknown status', { status: 'gone' }, '/status'],
    ['a source of its own', { source: 'registry' }, '/source'],
  ])('are refused with 400 for %s', async (_what, fields, pointer) => {
    const { status, body } = await app.admin.post('/admin/models', { name: unused('model'), ...fields });
    expect([status, body.errors[0]?.pointer]).toEqual([400, pointer]);
  });

  it('are refused with 409 when the name is taken', async () => {
    const { name } = await aModel();
    const { status, body } = await app.admin.post('/admin/models', { name });
    expect([status, body.code, body.errors[0].pointer]).toEqual([409, 'uq_models_name', '/name']);
  });

  it('change only in the fields that are given, and null clears', async () => {
    const { id } = await aModel({ context_window: 8192, input_price: 1.5 });
    const patched = await app.admin.patch(`/admin/models/${id}`, { input_price: null });
    expect(patched.body).toMatchObject({ context_window: 8192, input_price: 0 });
    const put = await app.admin.put(`/admin/models/${id}`, { kind: 'rerank', context_window: null });
    expect(put.body).toMatchObject({ kind: 'rerank', context_window: 0 });
    const refused = await app.admin.patch(`/admin/models/${id}`, { name: null });
    expect([refused.status, refused.body.errors[0].pointer]).toEqual([400, '/name']);
  });

  it('change only in the version that If-Match names', async () => {
    const { id, version } = await aModel();
    const ifMatch = { 'if-match': `"${version}"` };
    expect((await app.admin.patch(`/admin/models/${id}`, { kind: 'other' }, ifMatch)).status).toBe(200);
    expect((await app.admin.patch(`/admin/models/${id}`, { kind: 'chat' }, ifMatch)).status).toBe(412);
    expect((await app.admin.delete(`/admin/models/${id}`, { 'if-match': 'W/"1"' })).status).toBe(412);
  });

  it('leave Redis when they are disabled, renamed or deleted, and the checksum follows', async () => {
    const { id, name } = await aModel();
    const checksum = () => app.redis.hget('meta:models_meta', 'checksum');
    expect(await inRedis(name)).toMatchObject({ name });
    const before = await checksum();
    await app.admin.patch(`/admin/models/${id}`, { status: 'disabled' });
    expect(await inRedis(name)).toBeNull();
    expect(await checksum()).not.toBe(before);
    const renamed = unused('default.renamed');
    await app.admin.patch(`/admin/models/${id}`, { status: 'active', name: renamed });
    expect([await inRedis(name), (await inRedis(renamed)).name]).toEqual([null, renamed]);
    expect((await app.admin.delete(`/admin/models/${id}`)).status).toBe(204);
    expect(await inRedis(renamed)).toBeNull();
  });

  it('answer 404 where there is none', async () => {
    expect((await app.admin.get('/admin/models/999999')).status).toBe(404);
    expect((await app.admin.patch('/admin/models/999999', { kind: 'chat' })).status).toBe(404);
    expect((await app.admin.delete('/admin/models/999999')).status).toBe(404);
  });

  it('are listed by status, kind, source and text, also under the early name', async () => {
    const word = unused('listed');
    const create = [
      { name: `${word}.a`, context_window: 2 },
      { name: `${word}.b`, context_window: 1, kind: 'embedding' },
      { name: `${word}.c`, status: 'disabled' },
    ];
    expect((await app.admin.post('/admin/models/batch', { create })).status).toBe(200);
    const names = async (path: string): Promise<string[]> =>
      (await app.admin.get(path)).body.data.map(({ name }: { name: string }) => name.split('.')[1]!);
    for (const path of ['/admin/models', '/models']) {
      expect(await names(`${path}?search=${word}`)).toEqual(['c', 'b', 'a']);
      expect(await names(`${path}?search=${word}&sort=name`)).toEqual(['a', 'b', 'c']);
      expect(await names(`${path}?search=${word}&sort=-context_window&status=active`)).toEqual(['a', 'b']);
      expect(await names(`${path}?search=${word}&kind=embedding`)).toEqual(['b']);
      expect(await names(`${path}?search=${word}&source=registry`)).toEqual([]);
      expect((await app.admin.get(`${path}?kind=speech`)).status).toBe(400);
    }
  });

  it('are created under the early name, too', async () => {
    const name = unused('default.early');
    expect(await app.admin.post('/models', { name })).toMatchObject({ status: 201, body: { name, source: 'manual' } });
    expect((await app.admin.post('/models', { name })).status).toBe(409);
    expect((await app.anyone.post('/models', { name })).status).toBe(401);
  });

  describe('in a batch', () => {
    it('become one version, all together, and may take over a name that is given up', async () => {
      const [a, gone] = [await aModel(), await aModel()];
      const spare = unused('default.spare');
      const { status, body } = await app.admin.post('/admin/models/batch', {
        update: [{ id: a.id, name: spare }],
        delete: [gone.id],
        create: [{ name: a.name, kind: 'rerank' }],
      });
      expect(status).toBe(200);
      const [{ version }] = body.created;
      expect(body).toMatchObject({ updated: [{ name: spare, version }], deleted: [gone.id] });
      expect(await inRedis(a.name)).toMatchObject({ kind: 'rerank' });
      expect([(await inRedis(spare)).kind, await inRedis(gone.name)]).toEqual(['chat', null]);
    });

    it('name the item that is wrong, and keep nothing', async () => {
      const { id, name } = await aModel();
      const fresh = unused('default.fresh');
      const refusal = async (body: object): Promise<unknown[]> => {
        const answer = await app.admin.post('/admin/models/batch', body);
        return [answer.status, answer.body.errors[0]?.pointer];
      };
      expect(await refusal({ create: [{ name: fresh }, { name }] })).toEqual([409, '/create/1/name']);
      expect(await refusal({ create: [{ name: fresh }, { name: 'a b' }] })).toEqual([400, '/create/1/name']);
      expect(await refusal({ create: [{ name: fresh }], update: [{ id: 999_999 }] })).toEqual([404, '/update/0/id']);
      expect(await refusal({ action: 'status', ids: [id], status: 'gone' })).toEqual([400, '/status']);
      expect((await app.admin.get(`/admin/models?search=${fresh}`)).body.total).toBe(0);
    });

    it('take the second form, an action on many', async () => {
      const ids = [(await aModel()).id, (await aModel()).id];
      const disabled = await app.admin.post('/admin/models/batch', { action: 'status', ids, status: 'disabled' });
      expect(disabled.body.updated.map(({ status }: { status: string }) => status)).toEqual(['disabled', 'disabled']);
      expect((await app.admin.post('/admin/models/batch', { action: 'delete', ids })).body.deleted).toEqual(ids);
    });
  });
});
