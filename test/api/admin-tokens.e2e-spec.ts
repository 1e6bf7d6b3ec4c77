import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { isWellFormedToken } from '../../src/contract/token.js';
import { startApp, type TestApp } from '../support/app.js';
import { aKey, aMaster } from '../support/gateway.js';
import type { Http } from '../support/http.js';

const SOON = (): string => new Date(Date.now() + 3_600_000).toISOString();

describe('admin tokens', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.close());

  let count = 0;
  const unused = (): string => `token-${++count}`;
  const aToken = async (fields: object = {}) =>
    (await app.admin.post('/admin/tokens', { name: unused(), scopes: ['masters:read'], ...fields })).body;
  const holderOf = async (...scopes: string[]): Promise<Http> => app.anyone.as((await aToken({ scopes })).token);

  it('are shown when they are created, and never again', async () => {
    const name = unused();
    const { status, headers, body } = await app.admin.post('/admin/tokens', { name, scopes: ['keys:*'] });
    expect([status, headers.get('cache-control'), headers.get('etag')]).toEqual([201, 'no-store', `"${body.version}"`]);
    expect(body).toEqual({
      id: expect.any(Number),
      version: expect.stringMatching(/^\d+$/),
      created_at: expect.any(String),
      updated_at: expect.any(String),
      name,
      scopes: ['keys:*'],
      hint: `eza_…${body.token.slice(-4)}`,
      expires_at: null,
      token: expect.stringMatching(/^eza_/),
    });
    expect(isWellFormedToken(body.token)).toBe(true);

    const { token, ...shown } = body;
    expect((await app.admin.get(`/admin/tokens/${body.id}`)).body).toEqual(shown);
    const others = [
      await app.admin.get(`/admin/tokens?search=${name}`),
      await app.admin.patch(`/admin/tokens/${body.id}`, { scopes: ['keys:read'] }),
      await app.admin.get(`/admin/operation-logs?resource_id=${body.id}`),
    ];
    for (const { status: answered, body: seen } of others) {
      expect(answered).toBe(200);
      expect(JSON.stringify(seen)).not.toContain(token);
    }
    expect(app.logs.join('')).not.toContain(token);
  });

  it('are stored as nothing but a hash and a hint', async () => {
    const { id, token } = await aToken();
    const [row] = await app.db.query<object[]>('SELECT * FROM admin_tokens WHERE id = $1', [id]);
    expect(JSON.stringify(row)).not.toContain(token.slice(4, -6));
  });

  it('open the admin API as far as their scopes go', async () => {
    const holder = await holderOf('namespaces:read');
    expect((await holder.get('/admin/namespaces')).status).toBe(200);
    expect((await holder.post('/admin/namespaces', { name: 'beyond' })).status).toBe(403);
    expect((await holder.get('/admin/masters')).status).toBe(403);
  });

  it('take the scopes of all that a request writes, not only of what its path names', async () => {
    const provider = () => ({ name: unused(), type: 'openai', api_key: 'sk-upstream-secret' });
    const groups = await holderOf('provider-groups:write');
    const refused = await groups.post('/providers', provider());
    expect([refused.status, refused.body.detail]).toEqual([403, 'This takes the scope api-keys:write, too']);
    const both = await holderOf('provider-groups:write', 'api-keys:write');
    const group = (await both.post('/providers', provider())).body.provider_group_id;
    expect((await groups.delete(`/admin/provider-groups/${group}?cascade=true`)).status).toBe(403);
    expect((await both.delete(`/admin/provider-groups/${group}?cascade=true`)).body.detail).toContain('bindings:write');
    const all = await holderOf('provider-groups:write', 'api-keys:write', 'bindings:write');
    expect((await all.delete(`/admin/provider-groups/${group}?cascade=true`)).status).toBe(204);
  });

  it('take the scope of keys to delete a master that has some, by itself or in a batch', async () => {
    const [empty, full] = [(await aMaster(app)).id, (await aMaster(app)).id];
    await aKey(app, full);
    const [masters, both] = [await holderOf('masters:write'), await holderOf('masters:write', 'keys:write')];
    const refused = await masters.delete(`/admin/masters/${full}`);
    expect([refused.status, refused.body.detail]).toEqual([403, 'This takes the scope keys:write, too']);
    expect((await masters.post('/admin/masters/batch', { delete: [empty, full] })).status).toBe(403);
    const second = { action: 'delete', ids: [full] };
    expect((await masters.post('/admin/masters/batch', second)).status).toBe(403);
    expect((await app.admin.get(`/admin/masters/${full}/keys`)).body.total).toBe(1);
    expect((await masters.delete(`/admin/masters/${empty}`)).status).toBe(204);
    expect((await both.post('/admin/masters/batch', second)).status).toBe(200);
  });

  it('end at the time that was set for them', async () => {
    const { id, token, expires_at } = await aToken({ expires_at: SOON() });
    expect(Date.parse(expires_at)).toBeGreaterThan(Date.now());
    expect((await app.anyone.as(token).get('/admin/masters')).status).toBe(200);
    await app.db.query('UPDATE admin_tokens SET expires_at = now() WHERE id = $1', [id]);
    expect((await app.anyone.as(token).get('/admin/masters')).status).toBe(401);
  });

  it('are refused from the next request on when they are deleted', async () => {
    const { id, token } = await aToken();
    expect((await app.admin.delete(`/admin/tokens/${id}`)).status).toBe(204);
    expect((await app.anyone.as(token).get('/admin/masters')).status).toBe(401);
    expect((await app.admin.get(`/admin/tokens/${id}`)).status).toBe(404);
  });

  it('change only in the fields that are given, and null takes the expiry away', async () => {
    const { id, name } = await aToken({ expires_at: SOON() });
    const renamed = await app.admin.patch(`/admin/tokens/${id}`, { name: `${name}-b` });
    expect(renamed.body).toMatchObject({ name: `${name}-b`, scopes: ['masters:read'], expires_at: expect.any(String) });
    const endless = await app.admin.put(`/admin/tokens/${id}`, { expires_at: null });
    expect(endless.body).toMatchObject({ name: `${name}-b`, expires_at: null });
  });

  it('change only in the version that If-Match names', async () => {
    const { id, version } = await aToken();
    const stale = { 'if-match': `"${Number(version) - 1}"` };
    expect((await app.admin.patch(`/admin/tokens/${id}`, { scopes: ['*'] }, stale)).status).toBe(412);
  });

  it.each([
    ['no name', { name: undefined }, '/name'],
    ['a name with a blank', { name: 'a b' }, '/name'],
    ['no scopes', { scopes: undefined }, '/scopes'],
    ['an empty list of scopes', { scopes: [] }, '/scopes'],
    ['scopes that are no list', { scopes: '*' }, '/scopes'],
    ['a resource that does not exist', { scopes: ['cars:read'] }, '/scopes'],
    ['an unknown mode', { scopes: ['masters:delete'] }, '/scopes'],
    ['a scope twice', { scopes: ['*', '*'] }, '/scopes'],
    ['an expiry without a zone', { expires_at: '2099-01-01T00:00:00' }, '/expires_at'],
    ['a token of the caller’s choice', { token: 'eza_mine' }, '/token'],
    ['a hash', { token_hash: 'x' }, '/token_hash'],
  ])('are refused with 400 for %s', async (_what, fields, pointer) => {
    const { status, body } = await app.admin.post('/admin/tokens', { name: unused(), scopes: ['*'], ...fields });
    expect([status, body.errors?.[0]?.pointer]).toEqual([400, pointer]);
  });

  it('are refused with 400 when an update takes the name or the scopes away', async () => {
    const { id } = await aToken();
    for (const field of ['name', 'scopes']) {
      const { status, body } = await app.admin.patch(`/admin/tokens/${id}`, { [field]: null });
      expect([status, body.errors[0].pointer]).toEqual([400, `/${field}`]);
    }
  });

  it('are refused with 422 for an expiry that has passed', async () => {
    const { id } = await aToken();
    const expires_at = '2020-01-01T00:00:00Z';
    const answers = [
      await app.admin.post('/admin/tokens', { name: unused(), scopes: ['*'], expires_at }),
      await app.admin.patch(`/admin/tokens/${id}`, { expires_at }),
    ];
    for (const { status, body } of answers) expect([status, body.errors[0].pointer]).toEqual([422, '/expires_at']);
  });

  it('are refused with 409 when the name is taken', async () => {
    const { name } = await aToken();
    const { status, body } = await app.admin.post('/admin/tokens', { name, scopes: ['*'] });
    expect([status, body.code, body.errors[0].pointer]).toEqual([409, 'uq_admin_tokens_name', '/name']);
  });

  it('answer 404 for an id that was never given', async () => {
    for (const call of [app.admin.get, app.admin.delete]) expect((await call('/admin/tokens/999999')).status).toBe(404);
    expect((await app.admin.patch('/admin/tokens/999999', { name: 'x' })).status).toBe(404);
  });

  it('are made, changed and deleted in one batch, which shows what it made', async () => {
    const [kept, gone] = [await aToken(), await aToken()];
    const { status, headers, body } = await app.admin.post('/admin/tokens/batch', {
      create: [1, 2].map(() => ({ name: unused(), scopes: ['logs:read'] })),
      update: [{ id: kept.id, scopes: ['stats:read'] }],
      delete: [gone.id],
    });
    expect([status, headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(body).toMatchObject({ updated: [{ id: kept.id, scopes: ['stats:read'] }], deleted: [gone.id] });
    expect(body.updated[0]).not.toHaveProperty('token');
    const tokens = body.created.map(({ token }: { token: string }) => token);
    expect(new Set(tokens).size).toBe(2);
    expect(tokens.every(isWellFormedToken)).toBe(true);
  });

  it('are created once for one Idempotency-Key, and the retry gets the same token', async () => {
    const body = { name: unused(), scopes: ['*:read'] };
    const [first, again] = [
      await app.admin.post('/admin/tokens', body, { 'idempotency-key': body.name }),
      await app.admin.post('/admin/tokens', body, { 'idempotency-key': body.name }),
    ];
    expect(again.body).toEqual(first.body);
    expect(again.headers.get('cache-control')).toBe('no-store');
  });

  describe('that manage tokens', () => {
    it('make tokens of the scopes that they have, and fewer', async () => {
      const manager = await holderOf('tokens:*', 'keys:*');
      for (const scopes of [['keys:read'], ['keys:*', 'tokens:write'], ['tokens:*']]) {
        expect((await manager.post('/admin/tokens', { name: unused(), scopes })).status).toBe(201);
      }
    });

    it('are refused with 403 for scopes that they do not have, and nothing is made', async () => {
      const manager = await holderOf('tokens:*', 'keys:*');
      for (const scopes of [['*'], ['*:read'], ['masters:read'], ['keys:read', 'masters:write']]) {
        const name = unused();
        const { status, body } = await manager.post('/admin/tokens', { name, scopes });
        expect([status, body.errors[0].pointer]).toEqual([403, '/scopes']);
        expect((await app.admin.get(`/admin/tokens?search=${name}`)).body.total).toBe(0);
      }
    });

    it('cannot raise their own scopes', async () => {
      const { id, token } = await aToken({ scopes: ['tokens:write'] });
      expect((await app.anyone.as(token).patch(`/admin/tokens/${id}`, { scopes: ['*'] })).status).toBe(403);
      expect((await app.admin.get(`/admin/tokens/${id}`)).body.scopes).toEqual(['tokens:write']);
    });

    it('neither change nor delete a token that can do more than they', async () => {
      const { id } = await aToken({ scopes: ['*'] });
      const manager = await holderOf('tokens:*');
      expect((await manager.patch(`/admin/tokens/${id}`, { scopes: ['tokens:read'] })).status).toBe(403);
      expect((await manager.delete(`/admin/tokens/${id}`)).status).toBe(403);
      expect((await app.admin.get(`/admin/tokens/${id}`)).body.scopes).toEqual(['*']);
    });

    it('are told which item of a batch goes too far', async () => {
      const manager = await holderOf('tokens:*');
      const create = [['tokens:read'], ['*']].map((scopes) => ({ name: unused(), scopes }));
      const { status, body } = await manager.post('/admin/tokens/batch', { create });
      expect([status, body.errors[0].pointer]).toEqual([403, '/create/1/scopes']);
    });

    it('are held to the same with a JWT', async () => {
      const { token } = await aToken({ scopes: ['tokens:*'] });
      const jwt = (await app.anyone.as(token).post('/auth/admin/token')).body.access_token;
      expect((await app.anyone.as(jwt).post('/admin/tokens', { name: unused(), scopes: ['*'] })).status).toBe(403);
      expect((await app.anyone.as(jwt).post('/admin/tokens', { name: unused(), scopes: ['tokens:read'] })).status).toBe(
        201,
      );
    });
  });
});
