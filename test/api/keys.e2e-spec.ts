import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { aKey, aMaster, aNamespace, tokenHash, unused } from '../support/gateway.js';

describe('keys', () => {
  let app: TestApp;
  let one: string;
  let two: string;
  /** A master with the namespaces `one` and `two`, whose keys are nobody else's business. */
  let master: number;
  let keys: string;

  beforeAll(async () => {
    app = await startApp();
    [one, two] = [await aNamespace(app), await aNamespace(app)];
    master = (await aMaster(app, { namespaces: [one, two], default_namespace: one })).id;
    keys = `/admin/masters/${master}/keys`;
  });
  afterAll(() => app.close());

  const inAnHour = (): string => new Date(Date.now() + 3_600_000).toISOString();
  const anHourAgo = (): string => new Date(Date.now() - 3_600_000).toISOString();

  it('are created with defaults and a token that is shown once', async () => {
    const { status, headers, body } = await app.admin.post(keys, { name: 'ci' });
    expect([status, headers.get('cache-control'), headers.get('etag')]).toEqual([201, 'no-store', `"${body.version}"`]);
    expect(body).toMatchObject({
      ...{
        master_id: master,
        name: 'ci',
        group: '',
        status: 'active',
        weight: 1,
        balance: 0,
        scopes: [],
        namespaces: [],
      },
      ...{ default_namespace: '', model_limits_enabled: false, model_limits: [], allow_ips: [], deny_ips: [] },
      ...{ expires_at: null, expired: false, quota_limit: null, quota_used: 0, exhausted: false, request_count: 0 },
      ...{
        quota_reset_type: 'none',
        quota_timezone: 'UTC',
        quota_period_start: null,
        quota_reset_at: null,
        used_tokens: 0,
      },
      token: expect.stringMatching(/^ezk_[0-9A-Za-z]{49}$/),
    });
    const hint = `ezk_…${body.token.slice(-4)}`;
    expect(body.secrets).toEqual([expect.objectContaining({ hint, expires_at: null, revoked_at: null })]);
    const later = (await app.admin.get(`${keys}/${body.id}`)).body;
    expect({ ...later, token: body.token }).toEqual(body);
    expect((await app.admin.get(`/admin/keys/${body.id}`)).body).toEqual(later);
  });

  it('reach balancers under the hash of what clients send', async () => {
    const { body } = await app.admin.post(`${keys}?wait=applied`, { name: 'ci', group: 'vip', weight: 3 });
    const record = await app.redis.hgetall(`auth:token:${tokenHash(body.token)}`);
    expect(record).toMatchObject({ status: 'active', group: 'vip', weight: '3', default_namespace: one });
    expect(await app.redis.hexists('config:keys', tokenHash(body.token))).toBe(1);
  });

  it('take everything that can be said of them', async () => {
    const fields = {
      ...{
        name: 'full',
        group: 'vip',
        status: 'suspended',
        weight: 0,
        balance: 12.345678,
        scopes: ['chat:*'],
        namespaces: [two],
      },
      ...{
        default_namespace: two,
        model_limits_enabled: true,
        model_limits: [`${two}.gpt-4.1`],
        expires_at: inAnHour(),
      },
      ...{ quota_limit: 1000, quota_used: 1000, quota_reset_type: 'monthly', quota_timezone: 'Asia/Kolkata' },
    };
    const key = await aKey(app, master, fields);
    expect(key).toMatchObject({ ...fields, exhausted: true, expired: false });
  });

  it('keep addresses in one spelling', async () => {
    const { allow_ips, deny_ips } = await aKey(app, master, {
      allow_ips: ['10.1.2.3/8', '2001:DB8:0:0::1', '::ffff:192.0.2.1'],
      deny_ips: ['10.0.0.1/32'],
    });
    expect([allow_ips, deny_ips]).toEqual([['10.0.0.0/8', '2001:db8::1', '192.0.2.1'], ['10.0.0.1']]);
  });

  it('have a quota period on the calendar of their time zone, from when resets are asked for', async () => {
    const { id, quota_period_start, quota_reset_at } = await aKey(app, master, {
      ...{ quota_reset_type: 'daily', quota_timezone: 'Asia/Kolkata' },
    });
    expect([quota_period_start, quota_reset_at]).toEqual([1, 2].map(() => expect.stringMatching(/T18:30:00.000Z$/)));
    expect([Date.parse(quota_period_start!) <= Date.now(), Date.parse(quota_reset_at!) > Date.now()]).toEqual([
      true,
      true,
    ]);
    const moved = (await app.admin.patch(`${keys}/${id}`, { quota_timezone: 'UTC', quota_reset_type: 'monthly' })).body;
    expect(moved.quota_period_start).toMatch(/-01T00:00:00.000Z$/);
    const renamed = (await app.admin.patch(`${keys}/${id}`, { name: 'same-period' })).body;
    expect(renamed).toMatchObject({
      quota_reset_at: moved.quota_reset_at,
      quota_period_start: moved.quota_period_start,
    });
    const ended = (await app.admin.patch(`${keys}/${id}`, { quota_reset_type: null })).body;
    expect(ended).toMatchObject({ quota_reset_type: 'none', quota_period_start: null, quota_reset_at: null });
  });

  it.each([
    ['no name', {}, '/name'],
    ['a status they can’t begin with', { name: 'x', status: 'revoked' }, '/status'],
    ['a scope with a comma', { name: 'x', scopes: ['a,b'] }, '/scopes'],
    ['a model with a comma', { name: 'x', model_limits: ['a,b'] }, '/model_limits'],
    ['what is no address', { name: 'x', allow_ips: ['10.0.0.0/33'] }, '/allow_ips'],
    ['a name for an address', { name: 'x', deny_ips: ['localhost'] }, '/deny_ips'],
    ['one address in two spellings', { name: 'x', allow_ips: ['::1', '0:0::1'] }, '/allow_ips'],
    ['a date without a zone', { name: 'x', expires_at: '2030-01-01T00:00:00' }, '/expires_at'],
    ['a negative quota', { name: 'x', quota_limit: -1 }, '/quota_limit'],
    ['an unknown zone', { name: 'x', quota_timezone: 'Mars/Olympus' }, '/quota_timezone'],
    ['an unknown reset', { name: 'x', quota_reset_type: 'hourly' }, '/quota_reset_type'],
    ['a period of their own', { name: 'x', quota_reset_at: '2030-01-01T00:00:00Z' }, '/quota_reset_at'],
    ['a master in the body', { name: 'x', master_id: 1 }, '/master_id'],
    ['a token of their own', { name: 'x', token: 'sk-123' }, '/token'],
    ['no secret at all', { name: 'x', secrets: [] }, '/secrets'],
    ['a secret that is no hash', { name: 'x', secrets: [{ token_hash: 'abc' }] }, '/secrets/0/token_hash'],
    [
      'nine secrets',
      { name: 'x', secrets: Array.from({ length: 9 }, (_, i) => ({ token_hash: tokenHash(`${i}`) })) },
      '/secrets',
    ],
  ])('are refused with 400 for %s', async (_what, body, pointer) => {
    const answer = await app.admin.post(keys, body);
    expect([answer.status, answer.body.errors[0]?.pointer]).toEqual([400, pointer]);
  });

  it.each([
    ['a namespace that is not the master’s', () => ({ namespaces: [one, 'other'] }), '/namespaces/1'],
    ['a default namespace that is not the master’s', () => ({ default_namespace: 'other' }), '/default_namespace'],
    [
      'a default namespace outside of its own',
      () => ({ namespaces: [one], default_namespace: two }),
      '/default_namespace',
    ],
    ['an end in the past', () => ({ expires_at: anHourAgo() }), '/expires_at'],
  ])('are refused with 422 for %s', async (_what, fields, pointer) => {
    const { status, body } = await app.admin.post(keys, { name: 'x', ...fields() });
    expect([status, body.errors[0].pointer]).toEqual([422, pointer]);
  });

  it('are held to the same rules when they change', async () => {
    const { id } = await aKey(app, master, { namespaces: [one], default_namespace: one });
    const wrong = await app.admin.patch(`${keys}/${id}`, { namespaces: [two] });
    expect([wrong.status, wrong.body.errors[0].pointer]).toEqual([422, '/default_namespace']);
    const cleared = await app.admin.patch(`${keys}/${id}`, { namespaces: null });
    expect(cleared.body).toMatchObject({ namespaces: [], default_namespace: one });
    expect((await app.admin.patch(`${keys}/${id}`, { secrets: [] })).status).toBe(400);
  });

  it('change only in the fields that are given, and null clears', async () => {
    const { id } = await aKey(app, master, { quota_limit: 5, group: 'vip', weight: 4, expires_at: inAnHour() });
    const past = (await app.admin.patch(`${keys}/${id}`, { expires_at: anHourAgo() })).body;
    expect(past).toMatchObject({ expired: true, quota_limit: 5, weight: 4 });
    const cleared = await app.admin.put(`${keys}/${id}?wait=applied`, {
      expires_at: null,
      quota_limit: null,
      group: null,
    });
    expect(cleared.body).toMatchObject({ expires_at: null, quota_limit: null, group: '', weight: 4, expired: false });
    expect(cleared.headers.get('ez-propagation')).toBe('applied');
  });

  it('change only in the version that If-Match names', async () => {
    const { id, version } = await aKey(app, master);
    const stale = { 'if-match': `"${version}"` };
    expect((await app.admin.patch(`${keys}/${id}`, { name: 'first' }, stale)).status).toBe(200);
    expect((await app.admin.patch(`${keys}/${id}`, { name: 'second' }, stale)).status).toBe(412);
    expect((await app.admin.post(`${keys}/${id}/rotate`, {}, stale)).status).toBe(412);
    expect((await app.admin.post(`${keys}/${id}/revoke`, {}, stale)).status).toBe(412);
    expect((await app.admin.delete(`${keys}/${id}`, stale)).status).toBe(412);
  });

  it('let one of two writers win who both saw the same version', async () => {
    const { id, version } = await aKey(app, master);
    const write = (name: string) => app.admin.patch(`${keys}/${id}`, { name }, { 'if-match': `"${version}"` });
    const statuses = (await Promise.all(['a', 'b', 'c', 'd'].map(write))).map(({ status }) => status);
    expect(statuses.toSorted((a, b) => a - b)).toEqual([200, 412, 412, 412]);
  });

  it('answer the very same token to a retry with the same Idempotency-Key, and make one key', async () => {
    const headers = { 'idempotency-key': unused('retry') };
    const name = unused('once');
    const first = await app.admin.post(keys, { name }, headers);
    const second = await app.admin.post(keys, { name }, headers);
    expect([second.status, second.body]).toEqual([201, first.body]);
    expect(second.headers.get('ez-config-version')).toBe(first.headers.get('ez-config-version'));
    expect((await app.admin.get(`${keys}?search=${name}`)).body.total).toBe(1);
    expect((await app.admin.post(keys, { name: 'other' }, headers)).status).toBe(422);
  });

  it('are gone after a delete, and their token is refused', async () => {
    const { id, token } = await aKey(app, master);
    expect((await app.admin.delete(`${keys}/${id}?wait=applied`)).status).toBe(204);
    expect((await app.admin.get(`${keys}/${id}`)).status).toBe(404);
    expect((await app.redis.hgetall(`auth:token:${tokenHash(token)}`)).status).toBe('revoked');
    expect(await app.redis.hexists('config:keys', tokenHash(token))).toBe(0);
  });

  it('leave a line in the operation log, without what clients send', async () => {
    const { id, token } = await aKey(app, master);
    await app.admin.patch(`${keys}/${id}`, { name: 'renamed' });
    await app.admin.post(`${keys}/${id}/rotate`, { overlap_seconds: 60 });
    await app.admin.post(`${keys}/${id}/revoke`);
    await app.admin.delete(`${keys}/${id}`);
    const { data } = (await app.admin.get(`/admin/operation-logs?resource=key&resource_id=${id}`)).body;
    const actions = data.map(({ action }: { action: string }) => action);
    expect(actions).toEqual(['delete', 'revoke', 'rotate', 'update', 'create']);
    expect(data[3]).toMatchObject({ after: { name: 'renamed' } });
    expect(JSON.stringify(data)).not.toContain(token);
  });
});
