import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { created, unused } from '../support/gateway.js';
import type { Json } from '../support/http.js';

describe('features', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.close());

  const aFeature = (fields: object = {}): Promise<Json> =>
    created(app, '/admin/features', { name: unused('feature'), value: true, ...fields });
  const inRedis = async (name: string): Promise<string | null> => {
    await app.sync();
    return app.redis.hget('meta:features', name);
  };

  it.each([true, false, 'text', '', 12, -0.5, [], [1, null], {}, { a: { b: [true] } }])(
    'have the value %j, as balancers read it',
    async (value) => {
      const { id, name } = await aFeature({ value });
      expect((await app.admin.get(`/admin/features/${id}`)).body.value).toEqual(value);
      expect(JSON.parse((await inRedis(name))!)).toEqual(value);
    },
  );

  it.each([
    ['no name', { name: undefined }, '/name'],
    ['a blank in the name', { name: 'a b' }, '/name'],
    ['no value', { value: undefined }, '/value'],
    ['the value null', { value: null }, '/value'],
    ['a value above 16 KiB', { value: 'x'.repeat(16_384) }, '/value'],
    ['a description that is no text', { description: 7 }, '/description'],
    ['a status', { status: 'active' }, '/status'],
  ])('are refused with 400 for %s', async (_what, fields, pointer) => {
    const { status, body } = await app.admin.post('/admin/features', { name: unused('f'), value: 1, ...fields });
    expect([status, body.errors[0]?.pointer]).toEqual([400, pointer]);
  });

  it('are refused with 409 when the name is taken', async () => {
    const { name } = await aFeature();
    const { status, body } = await app.admin.post('/admin/features', { name, value: 1 });
    expect([status, body.code, body.errors[0].pointer]).toEqual([409, 'uq_features_name', '/name']);
  });

  it('change only in the fields that are given; null clears the description, and the value has to be one', async () => {
    const { id } = await aFeature({ value: { on: true }, description: 'why' });
    const patched = await app.admin.patch(`/admin/features/${id}`, { value: 'off' });
    expect(patched.body).toMatchObject({ value: 'off', description: 'why' });
    const put = await app.admin.put(`/admin/features/${id}`, { description: null });
    expect(put.body).toMatchObject({ value: 'off', description: '' });
    const refused = await app.admin.patch(`/admin/features/${id}`, { value: null });
    expect([refused.status, refused.body.errors[0].pointer]).toEqual([400, '/value']);
  });

  it('change only in the version that If-Match names', async () => {
    const { id, version } = await aFeature();
    const ifMatch = { 'if-match': `"${version}"` };
    expect((await app.admin.patch(`/admin/features/${id}`, { value: 1 }, ifMatch)).status).toBe(200);
    expect((await app.admin.patch(`/admin/features/${id}`, { value: 2 }, ifMatch)).status).toBe(412);
    expect((await app.admin.delete(`/admin/features/${id}`, ifMatch)).status).toBe(412);
  });

  it('leave Redis when they are renamed or deleted', async () => {
    const { id, name } = await aFeature({ value: 7 });
    const renamed = unused('feature');
    await app.admin.patch(`/admin/features/${id}`, { name: renamed });
    expect([await inRedis(name), await inRedis(renamed)]).toEqual([null, '7']);
    expect((await app.admin.delete(`/admin/features/${id}`)).status).toBe(204);
    expect(await inRedis(renamed)).toBeNull();
  });

  it('answer 404 where there is none', async () => {
    expect((await app.admin.get('/admin/features/999999')).status).toBe(404);
    expect((await app.admin.patch('/admin/features/999999', { value: 1 })).status).toBe(404);
    expect((await app.admin.delete('/admin/features/999999')).status).toBe(404);
  });

  it('are listed by text in the name or the description', async () => {
    const word = unused('listed');
    const [a, b] = [await aFeature({ name: `${word}-a` }), await aFeature({ description: `about ${word}` })];
    const ids = async (query: string): Promise<number[]> =>
      (await app.admin.get(`/admin/features?search=${word}&${query}`)).body.data.map(({ id }: { id: number }) => id);
    expect(await ids('')).toEqual([b.id, a.id]);
    expect(await ids('sort=created_at')).toEqual([a.id, b.id]);
    expect(await ids('page_size=1&page=2')).toEqual([a.id]);
    expect((await app.admin.get('/admin/features?sort=value')).status).toBe(400);
  });

  it('have no status that a batch could set', async () => {
    const { status, body } = await app.admin.post('/admin/features/batch', { action: 'status', ids: [1], status: 'x' });
    expect([status, body.errors.map((error: Json) => error.pointer)]).toEqual([400, ['/status', '/action']]);
  });

  it('are made, changed and deleted in one batch, which names the item that is wrong', async () => {
    const [kept, gone] = [await aFeature(), await aFeature()];
    const { status, body } = await app.admin.post('/admin/features/batch', {
      create: [{ name: gone.name, value: 'new' }],
      update: [{ id: kept.id, value: [1] }],
      delete: [gone.id],
    });
    const [{ version }] = body.created;
    expect([status, body]).toMatchObject([200, { updated: [{ value: [1], version }], deleted: [gone.id] }]);
    expect(await inRedis(gone.name)).toBe('"new"');
    const wrong = await app.admin.post('/admin/features/batch', {
      create: [{ name: unused('f'), value: 1 }, { name: 'x' }],
    });
    expect([wrong.status, wrong.body.errors[0].pointer]).toEqual([400, '/create/1/value']);
    const deleted = await app.admin.post('/admin/features/batch', { action: 'delete', ids: [kept.id] });
    expect(deleted.body.deleted).toEqual([kept.id]);
  });
});
