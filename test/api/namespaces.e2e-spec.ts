import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';

describe('namespaces', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.close());

  let count = 0;
  const unused = (): string => `ns-${++count}`;
  const aNamespace = async (fields: object = {}) =>
    (await app.admin.post('/admin/namespaces', { name: unused(), ...fields })).body;

  it('are created with defaults, and answer where they are in the order of changes', async () => {
    const name = unused();
    const { status, headers, body } = await app.admin.post('/admin/namespaces', { name });
    expect(status).toBe(201);
    expect(body).toMatchObject({ name, description: '', status: 'active' });
    expect(headers.get('etag')).toBe(`"${body.version}"`);
    expect(headers.get('ez-config-version')).toBe(`1.${body.version}`);
    expect(headers.get('ez-propagation')).toBe('pending');
  });

  it('say applied only when a balancer can read them', async () => {
    const name = unused();
    const { headers } = await app.admin.post('/admin/namespaces?wait=applied&timeout_ms=30000', { name });
    expect(headers.get('ez-propagation')).toBe('applied');
    expect(JSON.parse((await app.redis.hget('config:namespaces', name))!)).toEqual({ name, status: 'active' });
  });

  it('are refused with 409 when the name is taken, naming the field', async () => {
    const { name } = await aNamespace();
    const { status, body } = await app.admin.post('/admin/namespaces', { name });
    expect(status).toBe(409);
    expect(body).toMatchObject({ code: 'uq_namespaces_name', errors: [{ pointer: '/name' }] });
  });

  it.each([
    ['a dot', { name: 'a.b' }, '/name'],
    ['capitals', { name: 'Abc' }, '/name'],
    ['an unknown field', { name: 'abc', colour: 'red' }, '/colour'],
    ['an unknown status', { name: 'abc', status: 'gone' }, '/status'],
    ['a number as text', { name: 'abc', description: 7 }, '/description'],
    ['no name', {}, '/name'],
  ])('are refused with 400 for %s', async (_what, body, pointer) => {
    const answer = await app.admin.post('/admin/namespaces', body);
    expect(answer.status).toBe(400);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(answer.body.errors.map((error: { pointer: string }) => error.pointer)).toContain(pointer);
  });

  it('change only in the fields that are given, and null clears', async () => {
    const { id } = await aNamespace({ description: 'for tests' });
    const disabled = await app.admin.patch(`/admin/namespaces/${id}`, { status: 'disabled' });
    expect(disabled.body).toMatchObject({ description: 'for tests', status: 'disabled' });
    const cleared = await app.admin.put(`/admin/namespaces/${id}`, { description: null });
    expect(cleared.body).toMatchObject({ description: '', status: 'disabled' });
  });

  it('keep their name', async () => {
    const { id } = await aNamespace();
    expect((await app.admin.patch(`/admin/namespaces/${id}`, { name: 'other' })).status).toBe(400);
  });

  it('change only in the version that If-Match names', async () => {
    const { id, version } = await aNamespace();
    const first = await app.admin.patch(
      `/admin/namespaces/${id}`,
      { description: '1' },
      { 'if-match': `"${version}"` },
    );
    expect(first.status).toBe(200);
    const second = await app.admin.patch(
      `/admin/namespaces/${id}`,
      { description: '2' },
      { 'if-match': `"${version}"` },
    );
    expect(second.status).toBe(412);
    expect((await app.admin.get(`/admin/namespaces/${id}`)).body.description).toBe('1');
  });

  it('are gone after a delete, in Redis too', async () => {
    const { id, name } = await aNamespace();
    expect((await app.admin.delete(`/admin/namespaces/${id}?wait=applied`)).status).toBe(204);
    expect((await app.admin.get(`/admin/namespaces/${id}`)).status).toBe(404);
    expect(await app.redis.hexists('config:namespaces', name)).toBe(0);
  });

  it('are not deleted while a master is in them', async () => {
    const { id, name } = await aNamespace();
    await app.admin.post('/admin/masters', { name: `m-${name}`, namespaces: [name] });
    const { status, body } = await app.admin.delete(`/admin/namespaces/${id}`);
    expect([status, body.code]).toEqual([409, 'fk_masters_namespaces']);
  });

  it('answer 404 for an id that was never given, and 400 for what is no id', async () => {
    expect((await app.admin.get('/admin/namespaces/999999')).status).toBe(404);
    for (const id of ['0', '-1', '1e3', 'abc', '99999999999999999999']) {
      expect((await app.admin.get(`/admin/namespaces/${id}`)).status).toBe(400);
    }
  });

  it('are listed newest first, in pages, by status and by text', async () => {
    const word = `q${Date.now()}`;
    const made = await app.admin.post('/admin/namespaces/batch', {
      create: [1, 2, 3].map((i) => ({ name: `${word}-${i}`, status: i === 2 ? 'disabled' : 'active' })),
    });
    expect(made.status).toBe(200);
    const page = (await app.admin.get(`/admin/namespaces?search=${word.toUpperCase()}&page_size=2`)).body;
    expect(page).toMatchObject({
      total: 3,
      page: 1,
      page_size: 2,
      data: [{ name: `${word}-3` }, { name: `${word}-2` }],
    });
    const active = (await app.admin.get(`/admin/namespaces?search=${word}&status=active&sort=name`)).body;
    expect(active.data.map(({ name }: { name: string }) => name)).toEqual([`${word}-1`, `${word}-3`]);
  });

  it.each([
    'page=0',
    'page_size=201',
    'page_size=1e1',
    'sort=secret',
    'sort=name;drop',
    'colour=red',
    'search=',
    'page=1&page=2',
  ])('refuse to be listed with ?%s', async (query) => {
    expect((await app.admin.get(`/admin/namespaces?${query}`)).status).toBe(400);
  });

  it('take % and _ in a search as the characters they are', async () => {
    expect((await app.admin.get('/admin/namespaces?search=%25')).body.total).toBe(0);
  });

  describe('in a batch', () => {
    it('become one version, all together', async () => {
      const [old, gone] = [await aNamespace(), await aNamespace()];
      const { body, headers } = await app.admin.post('/admin/namespaces/batch', {
        create: [{ name: gone.name }],
        update: [{ id: old.id, description: 'new' }],
        delete: [gone.id],
      });
      const version = headers.get('ez-config-version')!.split('.')[1];
      expect(body).toMatchObject({
        created: [{ name: gone.name, version }],
        updated: [{ description: 'new', version }],
        deleted: [gone.id],
      });
    });

    it('change nothing when one item is wrong, and name that item', async () => {
      const { name } = await aNamespace();
      const fresh = unused();
      const { status, body } = await app.admin.post('/admin/namespaces/batch', { create: [{ name: fresh }, { name }] });
      expect([status, body.errors[0].pointer]).toEqual([409, '/create/1/name']);
      expect((await app.admin.get(`/admin/namespaces?search=${fresh}`)).body.total).toBe(0);
    });

    it('name the id that is not there', async () => {
      const { id } = await aNamespace();
      const { status, body } = await app.admin.post('/admin/namespaces/batch', {
        update: [{ id }, { id: 999_999, status: 'disabled' }],
      });
      expect([status, body.errors[0].pointer]).toEqual([404, '/update/1/id']);
    });

    it('take the second form, an action on many', async () => {
      const rows = [await aNamespace(), await aNamespace()];
      const ids = rows.map(({ id }) => id);
      const disabled = await app.admin.post('/admin/namespaces/batch', { action: 'status', ids, status: 'disabled' });
      expect(disabled.body.updated.map((row: { status: string }) => row.status)).toEqual(['disabled', 'disabled']);
      expect((await app.admin.post('/admin/namespaces/batch', { action: 'delete', ids })).body.deleted).toEqual(ids);
    });

    it.each([
      ['nothing', {}],
      ['both forms', { action: 'delete', ids: [1], create: [{ name: 'x' }] }],
      ['an action without a status', { action: 'status', ids: [1] }],
      ['1,001 items', { delete: Array.from({ length: 1001 }, (_, i) => i + 1) }],
      ['an id twice', { update: [{ id: 1 }, { id: 1 }] }],
    ])('are refused with 400 for %s', async (_what, body) => {
      expect((await app.admin.post('/admin/namespaces/batch', body)).status).toBe(400);
    });
  });

  it('leave a line in the operation log, with what was before and after', async () => {
    const { id } = await aNamespace({ description: 'one' });
    const { headers } = await app.admin.patch(
      `/admin/namespaces/${id}`,
      { description: 'two' },
      { 'x-request-id': 'req-7' },
    );
    const { data } = (await app.admin.get(`/admin/operation-logs?resource=namespace&resource_id=${id}&action=update`))
      .body;
    expect(data).toEqual([
      expect.objectContaining({
        actor_type: 'admin',
        ip: '127.0.0.1',
        request_id: 'req-7',
        before: expect.objectContaining({ description: 'one' }),
        after: expect.objectContaining({ description: 'two' }),
        config_version: headers.get('ez-config-version'),
      }),
    ]);
  });
});
