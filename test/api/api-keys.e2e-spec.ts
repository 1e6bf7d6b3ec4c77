import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { providerIn } from '../support/balancer.js';
import { anApiKey, aProviderGroup, unused } from '../support/gateway.js';

const SECRET = 'sk-proj-canary-0123456789abcdwxyz';
const SERVICE_ACCOUNT = '{\n  "type": "service_account",\n  "private_key": "canary-in-json"\n}\n';
const inMilliseconds = (ms: number): string => new Date(Date.now() + ms).toISOString();
const HOUR = 3_600_000;

describe('API keys', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.close());

  const aKey = async (fields: object = {}) => anApiKey(app, (await aProviderGroup(app)).id, fields);

  it('are created with a name of their own, and show no more of the secret than its hint', async () => {
    const { id } = await aProviderGroup(app);
    const answer = await app.admin.post('/admin/api-keys', { provider_group_id: id, secret: SECRET });
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({
      id: expect.any(Number),
      version: expect.any(String),
      created_at: expect.any(String),
      updated_at: expect.any(String),
      provider_group_id: id,
      name: `key-${answer.body.id}`,
      hint: '…wxyz',
      weight: 1,
      status: 'active',
      auto_ban: true,
      ban_reason: '',
      ban_until: null,
      expires_at: null,
    });
  });

  it('reach balancers with the secret as it was given, line breaks included', async () => {
    const { id, hint } = await aKey({ secret: SERVICE_ACCOUNT, weight: 3 });
    await app.sync();
    expect(hint).toBe('{…}');
    expect(await providerIn(app, id)).toMatchObject({ id, api_key: SERVICE_ACCOUNT, weight: 3, status: 'active' });
  });

  it.each([
    ['no secret', { secret: undefined }, '/secret'],
    ['an empty secret', { secret: '' }, '/secret'],
    ['a secret of 16,385 characters', { secret: 'x'.repeat(16_385) }, '/secret'],
    ['a secret that is no text', { secret: { key: 1 } }, '/secret'],
    ['no provider group', { provider_group_id: undefined }, '/provider_group_id'],
    ['a negative weight', { weight: -1 }, '/weight'],
    ['an unknown status', { status: 'disabled' }, '/status'],
    ['a date without a time zone', { expires_at: '2027-01-01T00:00:00' }, '/expires_at'],
    ['a week', { expires_at: '2027-W05-1T00:00:00Z' }, '/expires_at'],
    ['a time zone that is nowhere', { expires_at: '2027-01-01T00:00:00+16:00' }, '/expires_at'],
    ['a hint', { hint: 'x' }, '/hint'],
    ['a ban', { ban_reason: 'x' }, '/ban_reason'],
  ])('are refused with 400 for %s', async (_what, fields, pointer) => {
    const { id } = await aProviderGroup(app);
    const answer = await app.admin.post('/admin/api-keys', { provider_group_id: id, secret: SECRET, ...fields });
    expect([answer.status, answer.body.errors?.[0]?.pointer]).toEqual([400, pointer]);
    expect(JSON.stringify(answer.body)).not.toContain('canary');
  });

  it('are refused with 422 for a provider group that does not exist', async () => {
    const { status, body } = await app.admin.post('/admin/api-keys', { provider_group_id: 999_999, secret: SECRET });
    expect([status, body.code, body.errors[0].pointer]).toEqual([
      422,
      'fk_api_keys_provider_group_id',
      '/provider_group_id',
    ]);
  });

  it('change only in the fields that are given, and null clears', async () => {
    const { id } = await aKey({ expires_at: inMilliseconds(HOUR), weight: 7 });
    const cleared = await app.admin.patch(`/admin/api-keys/${id}`, { expires_at: null, weight: null });
    expect(cleared.body).toMatchObject({ expires_at: null, weight: 1, hint: '…cret' });
    const renamed = await app.admin.put(`/admin/api-keys/${id}`, { name: 'renamed' });
    expect(renamed.body).toMatchObject({ name: 'renamed', status: 'active' });
    const refused = await app.admin.patch(`/admin/api-keys/${id}`, { secret: null });
    expect([refused.status, refused.body.errors[0].pointer]).toEqual([400, '/secret']);
    const lost = await app.admin.patch(`/admin/api-keys/${id}`, { provider_group_id: 999_999 });
    expect([lost.status, lost.body.errors[0].pointer]).toEqual([422, '/provider_group_id']);
  });

  it('take a new secret in the place of the old', async () => {
    const { id } = await aKey();
    const { body } = await app.admin.patch(`/admin/api-keys/${id}?wait=applied&timeout_ms=30000`, { secret: SECRET });
    expect(body.hint).toBe('…wxyz');
    expect((await providerIn(app, id)).api_key).toBe(SECRET);
  });

  it('change only in the version that If-Match names', async () => {
    const { id, version } = await aKey();
    const ifMatch = { 'if-match': `"${version}"` };
    expect((await app.admin.patch(`/admin/api-keys/${id}`, { weight: 2 }, ifMatch)).status).toBe(200);
    expect((await app.admin.patch(`/admin/api-keys/${id}`, { weight: 3 }, ifMatch)).status).toBe(412);
    expect((await app.admin.post(`/admin/api-keys/${id}/ban`, { reason: 'x' }, ifMatch)).status).toBe(412);
    expect((await app.admin.delete(`/admin/api-keys/${id}`, ifMatch)).status).toBe(412);
  });

  it('answer 404 where there is none', async () => {
    const path = '/admin/api-keys/999999';
    const answers = await Promise.all([
      app.admin.get(path),
      app.admin.patch(path, { weight: 1 }),
      app.admin.delete(path),
      app.admin.post(`${path}/ban`, { reason: 'x' }),
      app.admin.post(`${path}/unban`),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404, 404]);
  });

  it('are listed by group, status, ban and text', async () => {
    const group = await aProviderGroup(app);
    const word = unused('listed');
    const make = (n: number, fields: object = {}) => anApiKey(app, group.id, { name: `${word}-${n}`, ...fields });
    await make(1);
    await make(2, { status: 'manual_disabled' });
    const { id } = await make(3);
    await make(4, { status: 'auto_disabled', expires_at: inMilliseconds(-HOUR) });
    await app.admin.post(`/admin/api-keys/${id}/ban`, { reason: 'upstream answered 401' });
    const numbers = async (query: string) =>
      (await app.admin.get(`/admin/api-keys?provider_group_id=${group.id}&sort=name&${query}`)).body.data.map(
        ({ name }: { name: string }) => Number(name.at(-1)),
      );
    expect(await numbers('')).toEqual([1, 2, 3, 4]);
    expect(await numbers(`search=${word.toUpperCase()}-2`)).toEqual([2]);
    expect(await numbers('status=auto_disabled')).toEqual([3, 4]);
    expect(await numbers('banned=true')).toEqual([3]);
    expect(await numbers('banned=false')).toEqual([1, 2, 4]);
    for (const query of ['banned=1', 'provider_group_id=x', 'sort=secret', 'status=banned']) {
      expect((await app.admin.get(`/admin/api-keys?${query}`)).status).toBe(400);
    }
  });

  describe('in a batch', () => {
    it('become one version, all together, over groups', async () => {
      const [one, two] = [await aProviderGroup(app), await aProviderGroup(app)];
      const [kept, gone] = [await anApiKey(app, two.id), await anApiKey(app, one.id)];
      const { status, body, headers } = await app.admin.post('/admin/api-keys/batch', {
        create: [
          { provider_group_id: two.id, secret: SECRET },
          { provider_group_id: one.id, secret: SERVICE_ACCOUNT },
        ],
        update: [{ id: kept.id, secret: SECRET, provider_group_id: one.id }],
        delete: [gone.id],
      });
      expect(status).toBe(200);
      const version = headers.get('ez-config-version')!.split('.')[1];
      expect(body).toMatchObject({
        created: [
          { provider_group_id: two.id, hint: '…wxyz', version },
          { provider_group_id: one.id, hint: '{…}', version },
        ],
        updated: [{ id: kept.id, hint: '…wxyz', provider_group_id: one.id, version }],
        deleted: [gone.id],
      });
      await app.sync();
      expect((await providerIn(app, body.created[1].id)).api_key).toBe(SERVICE_ACCOUNT);
      expect((await providerIn(app, kept.id)).api_key).toBe(SECRET);
    });

    it('name the item that is wrong, and keep nothing', async () => {
      const { id } = await aProviderGroup(app);
      const good = { provider_group_id: id, secret: SECRET };
      const pointerOf = async (body: object) => {
        const answer = await app.admin.post('/admin/api-keys/batch', body);
        return [answer.status, answer.body.errors[0]?.pointer];
      };
      expect(await pointerOf({ create: [good, { ...good, provider_group_id: 999_999 }] })).toEqual([
        422,
        '/create/1/provider_group_id',
      ]);
      expect(await pointerOf({ create: [good, { ...good, weight: 1.5 }] })).toEqual([400, '/create/1/weight']);
      expect(await pointerOf({ create: [good], update: [{ id: 999_999, weight: 1 }] })).toEqual([404, '/update/0/id']);
      expect(await pointerOf({ create: [good], delete: [999_999] })).toEqual([404, '/delete/0/id']);
      expect((await app.admin.get(`/admin/api-keys?provider_group_id=${id}`)).body.total).toBe(0);
    });

    it('take the second form, an action on many, which ends bans', async () => {
      const [one, two] = [await aKey(), await aKey()];
      await app.admin.post(`/admin/api-keys/${one.id}/ban`, { reason: 'x' });
      const ids = [one.id, two.id];
      const { body } = await app.admin.post('/admin/api-keys/batch', { action: 'status', ids, status: 'active' });
      expect(body.updated).toMatchObject([{ status: 'active', ban_reason: '' }, { status: 'active' }]);
      expect((await app.admin.post('/admin/api-keys/batch', { action: 'delete', ids })).body.deleted).toEqual(ids);
    });

    it('of many at once in the same groups all succeed', async () => {
      const groups = [await aProviderGroup(app), await aProviderGroup(app)];
      const ids = groups.map(({ id }) => id as number);
      const create = (order: number[]) => order.map((id) => ({ provider_group_id: id, secret: SECRET }));
      const answers = await Promise.all(
        Array.from({ length: 8 }, (_, i) =>
          app.admin.post('/admin/api-keys/batch', { create: create(i % 2 ? ids : ids.toReversed()) }),
        ),
      );
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    });
  });

  it('never show a secret: not in answers, errors, the operation log, the server log, nor as they are stored', async () => {
    const { id } = await aKey({ secret: SECRET });
    await aKey({ secret: SERVICE_ACCOUNT });
    await app.admin.patch(`/admin/api-keys/${id}`, { secret: `${SECRET}-canary-2` });
    const answers = await Promise.all([
      app.admin.get(`/admin/api-keys/${id}`),
      app.admin.get('/admin/api-keys?page_size=200'),
      app.admin.post('/admin/api-keys', { provider_group_id: 'x', secret: SECRET }),
      app.admin.post('/admin/api-keys', `{"provider_group_id": 1, "secret": "${SECRET}"`),
      app.admin.delete(`/admin/api-keys/${id}`),
      app.admin.get('/admin/operation-logs?page_size=200'),
    ]);
    const logged = await app.db.query('SELECT before, after FROM operation_logs');
    const stored = await app.db.query('SELECT secret, hint, name FROM api_keys');
    const bodies = answers.map(({ body }) => body);
    expect(JSON.stringify([bodies, logged, stored, app.logs])).not.toMatch(/canary/);
  });
});
