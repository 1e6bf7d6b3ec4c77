import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { aKey, aMaster, aNamespace, tokenHash, unused, type KeyBody } from '../support/gateway.js';

describe('keys of a master', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.close());

  const keysOf = (masterId: number): string => `/admin/masters/${masterId}/keys`;

  describe('with a limit', () => {
    it('are never more, however many are asked for at once', async () => {
      const { id } = await aMaster(app, { max_child_keys: 5 });
      const asked = Array.from({ length: 20 }, () => app.admin.post(keysOf(id), { name: 'x' }));
      const answers = await Promise.all(asked);
      expect(answers.filter(({ status }) => status === 201)).toHaveLength(5);
      const refused = answers.filter(({ status }) => status !== 201);
      expect(new Set(refused.map(({ status, body }) => `${status} ${body.code}`))).toEqual(
        new Set(['409 max_child_keys']),
      );
      expect((await app.admin.get(keysOf(id))).body.total).toBe(5);
    });

    it('make room when one is revoked or deleted', async () => {
      const { id } = await aMaster(app, { max_child_keys: 2 });
      const [a, b] = [await aKey(app, id), await aKey(app, id)];
      expect((await app.admin.post(keysOf(id), { name: 'x' })).status).toBe(409);
      await app.admin.post(`${keysOf(id)}/${a.id}/revoke`);
      expect((await app.admin.post(keysOf(id), { name: 'x' })).status).toBe(201);
      await app.admin.delete(`${keysOf(id)}/${b.id}`);
      expect((await app.admin.post(keysOf(id), { name: 'x' })).status).toBe(201);
    });

    it('are refused in a batch from the first that is too many, and none is made', async () => {
      const { id } = await aMaster(app, { max_child_keys: 3 });
      await aKey(app, id);
      const create = [1, 2, 3, 4].map((i) => ({ name: `k${i}` }));
      const { status, body } = await app.admin.post(`${keysOf(id)}/batch`, { create });
      expect([status, body.code, body.errors[0].pointer]).toEqual([409, 'max_child_keys', '/create/2']);
      expect((await app.admin.get(keysOf(id))).body.total).toBe(1);
    });

    it('count those that the same batch deletes as gone', async () => {
      const { id } = await aMaster(app, { max_child_keys: 1 });
      const key = await aKey(app, id);
      const { status } = await app.admin.post(`${keysOf(id)}/batch`, { delete: [key.id], create: [{ name: 'next' }] });
      expect(status).toBe(200);
    });

    it('see a limit that is set while they are being made', async () => {
      const { id } = await aMaster(app);
      const asked = Array.from({ length: 20 }, () => app.admin.post(keysOf(id), { name: 'x' }));
      const limit = app.admin.patch(`/admin/masters/${id}`, { max_child_keys: 1 });
      const statuses = (await Promise.all([...asked, limit])).map(({ status }) => status);
      expect(statuses.filter((status) => ![200, 201, 409].includes(status))).toEqual([]);
      expect((await app.admin.post(keysOf(id), { name: 'x' })).status).toBe(409);
    });
  });

  it('never name a namespace that the master is losing at the same time', async () => {
    for (let round = 0; round < 10; round++) {
      const namespace = await aNamespace(app);
      const { id } = await aMaster(app, { namespaces: [namespace] });
      const [key, taken] = await Promise.all([
        app.admin.post(keysOf(id), { name: 'x', namespaces: [namespace] }),
        app.admin.patch(`/admin/masters/${id}`, { namespaces: [] }),
      ]);
      expect([
        [201, 409],
        [422, 200],
      ]).toContainEqual([key.status, taken.status]);
    }
  });

  it.each([
    ['created', 'POST', '', { name: 'x' }, {}],
    ['created under a limit', 'POST', '', { name: 'x' }, { max_child_keys: 2 }],
    ['changed', 'PATCH', '/:id', { name: 'x' }, {}],
    ['rotated', 'POST', '/:id/rotate', {}, {}],
    ['revoked', 'POST', '/:id/revoke', {}, {}],
    ['deleted', 'DELETE', '/:id', undefined, {}],
  ])('are %s only after a change of the master that is under way', async (_what, method, rest, body, limit) => {
    const { id } = await aMaster(app, limit);
    const key = await aKey(app, id);
    const other = app.db.createQueryRunner();
    await other.startTransaction();
    await other.query('SELECT 1 FROM masters WHERE id = $1 FOR NO KEY UPDATE', [id]);
    const writing = app.admin.send(method, `${keysOf(id)}${rest.replace(':id', String(key.id))}`, body);
    expect(await Promise.race([writing, someoneWaits()])).toBe('waits');
    await other.rollbackTransaction();
    await other.release();
    expect((await writing).status).toBeLessThan(300);
  });

  async function someoneWaits(): Promise<'waits'> {
    const sql = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
    while ((await app.db.query<unknown[]>(sql)).length === 0);
    return 'waits';
  }

  it('are none for a master that is not there, whatever is asked', async () => {
    const [here, nowhere] = [await aMaster(app), keysOf(999_999)];
    const key = await aKey(app, here.id);
    const answers = await Promise.all([
      app.admin.get(nowhere),
      app.admin.get(`${nowhere}/${key.id}`),
      app.admin.post(nowhere, { name: 'x' }),
      app.admin.post(`${nowhere}/batch`, { create: [{ name: 'x' }] }),
      app.admin.patch(`${nowhere}/${key.id}`, { name: 'x' }),
      app.admin.post(`${nowhere}/${key.id}/rotate`),
      app.admin.post(`${nowhere}/${key.id}/revoke`),
      app.admin.delete(`${nowhere}/${key.id}`),
    ]);
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 404));
  });

  it('are not found under another master, and are not touched', async () => {
    const [mine, other] = [await aMaster(app), await aMaster(app)];
    const { id } = await aKey(app, mine.id);
    const path = `${keysOf(other.id)}/${id}`;
    const absent = `${keysOf(other.id)}/999999`;
    for (const method of ['GET', 'PATCH', 'PUT', 'DELETE']) {
      const body = method.startsWith('P') ? { name: 'taken' } : undefined;
      const [wrong, none] = [await app.admin.send(method, path, body), await app.admin.send(method, absent, body)];
      expect(wrong.status).toBe(404);
      expect({ ...wrong.body, request_id: '' }).toEqual({ ...none.body, request_id: '' });
    }
    for (const action of ['rotate', 'revoke']) expect((await app.admin.post(`${path}/${action}`)).status).toBe(404);
    const batch = await app.admin.post(`${keysOf(other.id)}/batch`, { update: [{ id, name: 'taken' }] });
    expect([batch.status, batch.body.errors[0].pointer]).toEqual([404, '/update/0/id']);
    expect((await app.admin.get(`${keysOf(mine.id)}/${id}`)).body).toMatchObject({ status: 'active' });
  });

  it('are listed by master, status, group, namespace, secret, end and quota, newest first', async () => {
    const [one, two] = [await aNamespace(app), await aNamespace(app)];
    const { id } = await aMaster(app, { group: 'vip', namespaces: [one, two] });
    const inherits = await aKey(app, id, { name: 'inherits' });
    const own = await aKey(app, id, { name: 'own', group: 'slow', namespaces: [two], status: 'suspended' });
    const spent = await aKey(app, id, { name: 'spent', quota_limit: 1, quota_used: 1 });
    await app.admin.patch(`${keysOf(id)}/${spent.id}`, { expires_at: '2020-01-01T00:00:00Z' });
    const expected: [string, KeyBody[]][] = [
      ['', [spent, own, inherits]],
      ['sort=name', [inherits, own, spent]],
      ['sort=created_at', [inherits, own, spent]],
      ['status=suspended', [own]],
      ['group=slow', [own]],
      ['group=vip', [spent, inherits]],
      [`namespace=${one}`, [spent, inherits]],
      [`namespace=${two}`, [spent, own, inherits]],
      ['expired=true', [spent]],
      ['expired=false&exhausted=false', [own, inherits]],
      ['exhausted=true', [spent]],
      ['search=OW', [own]],
      [`token_hash=${tokenHash(own.token)}`, [own]],
      [`token_hash=${tokenHash('nobody')}`, []],
    ];
    for (const [query, rows] of expected) {
      const { body } = await app.admin.get(`${keysOf(id)}?${query}`);
      expect([query, body.data.map(({ name }: KeyBody) => name)]).toEqual([query, rows.map(({ name }) => name)]);
      expect(body.total).toBe(rows.length);
    }
    const everywhere = (await app.admin.get(`/admin/keys?master_id=${id}&page_size=2&page=2`)).body;
    expect(everywhere).toMatchObject({
      total: 3,
      page: 2,
      data: [{ name: 'inherits', secrets: [{ token_hash: tokenHash(inherits.token) }] }],
    });
    const found = (await app.admin.get(`/admin/keys?token_hash=${tokenHash(spent.token)}`)).body.data;
    expect(found).toEqual([expect.objectContaining({ id: spent.id, expired: true, exhausted: true })]);
  });

  it.each(['token_hash=abc', 'expired=yes', 'sort=name', 'master_id=1e1', 'colour=red'])(
    'refuse to be listed over all masters with ?%s',
    async (query) => {
      expect((await app.admin.get(`/admin/keys?${query}`)).status).toBe(400);
    },
  );

  it('are made by their early name, where an unknown master is a mistake in the body', async () => {
    const { id } = await aMaster(app);
    const made = await app.admin.post('/keys', { name: unused('early'), master_id: id });
    expect([made.status, made.body.master_id, made.headers.get('cache-control')]).toEqual([201, id, 'no-store']);
    const nobody = await app.admin.post('/keys', { name: 'x', master_id: 999_999 });
    expect([nobody.status, nobody.body.code, nobody.body.errors[0].pointer]).toEqual([
      422,
      'fk_keys_master_id',
      '/master_id',
    ]);
    const unnamed = await app.admin.post('/keys', { name: 'x' });
    expect([unnamed.status, unnamed.body.errors[0].pointer]).toEqual([400, '/master_id']);
  });
});
