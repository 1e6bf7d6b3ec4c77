import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import type { Http } from '../support/http.js';
import { aKey, aMaster, aNamespace, tokenHash, unused, type MasterBody } from '../support/gateway.js';

describe('tokens, as a tenant sees and changes its own', () => {
  let app: TestApp;
  let namespace: string;
  let master: MasterBody;
  let tenant: Http;

  beforeAll(async () => {
    app = await startApp();
    namespace = await aNamespace(app);
    master = await aMaster(app, { namespaces: [namespace], group: 'vip' });
    tenant = app.anyone.as(master.master_key);
  });
  afterAll(() => app.close());

  const aToken = async (fields: object = {}) => (await tenant.post('/v1/tokens', { name: 'mine', ...fields })).body;

  it('are created in its own name, and shown once', async () => {
    const { status, headers, body } = await tenant.post('/v1/tokens?wait=applied', { name: 'mine' });
    expect([status, headers.get('cache-control'), headers.get('etag')]).toEqual([201, 'no-store', `"${body.version}"`]);
    expect(body).toMatchObject({ name: 'mine', master_id: master.id, token: expect.stringMatching(/^ezk_/) });
    expect(await app.redis.hgetall(`auth:token:${tokenHash(body.token)}`)).toMatchObject({
      status: 'active',
      group: 'vip',
    });
    const later = (await tenant.get(`/v1/tokens/${body.id}`)).body;
    expect({ ...later, token: body.token }).toEqual(body);
  });

  it('never show a hash', async () => {
    const token = await aToken();
    const answers = await Promise.all([
      tenant.get(`/v1/tokens/${token.id}`),
      tenant.get('/v1/tokens'),
      tenant.patch(`/v1/tokens/${token.id}`, { name: 'other' }),
      tenant.post(`/v1/tokens/${token.id}/rotate`, { overlap_seconds: 5 }),
    ]);
    for (const { body } of [{ body: token }, ...answers]) {
      expect(JSON.stringify(body)).not.toContain('token_hash');
      expect(JSON.stringify(body)).not.toContain(tokenHash(token.token));
    }
  });

  it('are what the tenant decides, within what the operator does', async () => {
    const fields = {
      ...{ scopes: ['chat:*'], namespaces: [namespace], default_namespace: namespace, model_limits_enabled: true },
      ...{
        model_limits: ['m'],
        allow_ips: ['10.0.0.0/8'],
        deny_ips: ['10.0.0.1'],
        quota_limit: 5,
        status: 'suspended',
      },
      ...{ quota_reset_type: 'weekly', quota_timezone: 'America/New_York', expires_at: '2099-01-01T00:00:00.000Z' },
    };
    expect(await aToken(fields)).toMatchObject({
      ...fields,
      quota_reset_at: expect.any(String),
      balance: 0,
      weight: 1,
    });
  });

  it.each(['balance', 'quota_used', 'weight', 'group', 'secrets', 'master_id', 'used_tokens'])(
    'don’t take %s from it',
    async (field) => {
      const { id } = await aToken();
      const value = field === 'group' ? 'vip' : field === 'secrets' ? [{ token_hash: tokenHash('x') }] : 1;
      const answers = await Promise.all([
        tenant.post('/v1/tokens', { name: 'x', [field]: value }),
        tenant.patch(`/v1/tokens/${id}`, { [field]: value }),
        tenant.post('/v1/tokens/batch', { create: [{ name: 'x', [field]: value }] }),
      ]);
      expect(answers.map(({ status, body }) => [status, body.errors[0].pointer])).toEqual([
        [400, `/${field}`],
        [400, `/${field}`],
        [400, `/create/0/${field}`],
      ]);
    },
  );

  it('change, rotate, are revoked and deleted', async () => {
    const { id, token } = await aToken();
    expect((await tenant.patch(`/v1/tokens/${id}`, { quota_limit: 9 })).body.quota_limit).toBe(9);
    expect((await tenant.put(`/v1/tokens/${id}`, { quota_limit: null })).body.quota_limit).toBeNull();
    const rotated = await tenant.post(`/v1/tokens/${id}/rotate?wait=applied`);
    expect([rotated.status, rotated.headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect((await app.redis.hgetall(`auth:token:${tokenHash(token)}`)).status).toBe('revoked');
    const revoked = await tenant.post(`/v1/tokens/${id}/revoke?wait=applied`);
    expect([revoked.status, revoked.body.status]).toEqual([200, 'revoked']);
    expect((await app.redis.hgetall(`auth:token:${tokenHash(rotated.body.token)}`)).status).toBe('revoked');
    expect((await tenant.patch(`/v1/tokens/${id}`, { status: 'active' })).body.code).toBe('key_revoked');
    expect((await tenant.delete(`/v1/tokens/${id}`)).status).toBe(204);
    expect((await tenant.get(`/v1/tokens/${id}`)).status).toBe(404);
  });

  it('are opened again by the tenant whoever suspended or limited them, but not while the master is suspended', async () => {
    const { master_key, id: masterId } = await aMaster(app);
    const owner = app.anyone.as(master_key);
    const key = await aKey(app, masterId);
    const record = async () => (await app.redis.hgetall(`auth:token:${tokenHash(key.token)}`)).status;
    await app.admin.patch(`/admin/masters/${masterId}/keys/${key.id}`, { status: 'suspended', quota_limit: 0 });
    const opened = await owner.patch(`/v1/tokens/${key.id}?wait=applied`, { status: 'active', quota_limit: null });
    expect([opened.status, opened.body.status, await record()]).toEqual([200, 'active', 'active']);
    await app.admin.post(`/admin/masters/${masterId}/manage?wait=applied`, { action: 'suspend' });
    expect((await owner.patch(`/v1/tokens/${key.id}`, { status: 'active' })).status).toBe(401);
    expect(await record()).toBe('suspended');
  });

  it('are a batch in one version', async () => {
    const { id } = await aToken();
    const { body, headers } = await tenant.post('/v1/tokens/batch', { create: [{ name: 'a' }], delete: [id] });
    expect(body).toMatchObject({
      created: [{ name: 'a', token: expect.stringMatching(/^ezk_/) }],
      updated: [],
      deleted: [id],
    });
    expect(headers.get('ez-config-version')).toBe(`1.${body.created[0].version}`);
    const wrong = await tenant.post('/v1/tokens/batch', { create: [{ name: 'a' }, { name: 'b', namespaces: ['x'] }] });
    expect([wrong.status, wrong.body.errors[0].pointer]).toEqual([422, '/create/1/namespaces/0']);
  });

  it('change only in the version that If-Match names', async () => {
    const { id, version } = await aToken();
    const stale = { 'if-match': `"${version}"` };
    expect((await tenant.patch(`/v1/tokens/${id}`, { name: 'a' }, stale)).status).toBe(200);
    expect((await tenant.patch(`/v1/tokens/${id}`, { name: 'b' }, stale)).status).toBe(412);
    expect((await tenant.delete(`/v1/tokens/${id}`, stale)).status).toBe(412);
  });

  it('answer the very same token to a retry, which is no other tenant’s', async () => {
    const headers = { 'idempotency-key': unused('retry') };
    const first = await tenant.post('/v1/tokens', { name: 'once' }, headers);
    expect((await tenant.post('/v1/tokens', { name: 'once' }, headers)).body).toEqual(first.body);
    const other = app.anyone.as((await aMaster(app)).master_key);
    expect((await other.post('/v1/tokens', { name: 'once' }, headers)).body.token).not.toBe(first.body.token);
  });

  it('are as many as the operator allows', async () => {
    const limited = app.anyone.as((await aMaster(app, { max_child_keys: 5 })).master_key);
    const asked = Array.from({ length: 20 }, () => limited.post('/v1/tokens', { name: 'x' }));
    const statuses = (await Promise.all(asked)).map(({ status }) => status);
    expect(statuses.toSorted((a, b) => a - b)).toEqual([...Array<number>(5).fill(201), ...Array<number>(15).fill(409)]);
  });

  it('of another tenant are as absent as those that never were', async () => {
    const other = await aMaster(app);
    const { id } = await aKey(app, other.id);
    const requests: [string, string, object?][] = [
      ['GET', ''],
      ['PATCH', '', { name: 'taken' }],
      ['PUT', '', { name: 'taken' }],
      ['DELETE', ''],
      ['POST', '/rotate'],
      ['POST', '/revoke'],
    ];
    for (const [method, rest, body] of requests) {
      const theirs = await tenant.send(method, `/v1/tokens/${id}${rest}`, body);
      const nobodys = await tenant.send(method, `/v1/tokens/999999${rest}`, body);
      expect([method, theirs.status]).toEqual([method, 404]);
      expect({ ...theirs.body, request_id: '' }).toEqual({ ...nobodys.body, request_id: '' });
    }
    const ids = [id];
    for (const body of [{ delete: ids }, { action: 'status', ids, status: 'revoked' }, { update: [{ id }] }]) {
      expect((await tenant.post('/v1/tokens/batch', body)).status).toBe(404);
    }
    expect((await app.admin.get(`/admin/keys/${id}`)).body).toEqual(
      expect.objectContaining({ status: 'active', version: expect.any(String) }),
    );
  });

  it('are listed without those of others, whatever the query says', async () => {
    const mine = app.anyone.as((await aMaster(app)).master_key);
    expect((await mine.get('/v1/tokens')).body).toEqual({ data: [], total: 0, page: 1, page_size: 20 });
    await mine.post('/v1/tokens/batch', {
      create: [{ name: 'b' }, { name: 'a' }, { name: 'ab', status: 'suspended' }],
    });
    const list = async (query: string): Promise<string[]> =>
      (await mine.get(`/v1/tokens?${query}`)).body.data.map(({ name }: { name: string }) => name);
    expect(await list('')).toEqual(['ab', 'a', 'b']);
    expect(await list('sort=name&page_size=2')).toEqual(['a', 'ab']);
    expect(await list('search=b&status=suspended')).toEqual(['ab']);
    for (const query of [`master_id=${master.id}`, `token_hash=${tokenHash('x')}`, 'sort=master_id']) {
      expect((await mine.get(`/v1/tokens?${query}`)).status).toBe(400);
    }
  });

  it('are nobody’s without a master key, nor an operator’s', async () => {
    expect((await app.anyone.get('/v1/tokens')).status).toBe(401);
    expect((await app.admin.get('/v1/tokens')).status).toBe(403);
    expect((await tenant.get('/admin/keys')).status).toBe(403);
  });
});
