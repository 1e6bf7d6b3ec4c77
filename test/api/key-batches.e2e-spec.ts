import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { aKey, aMaster, aNamespace, tokenHash, unused, type KeyBody } from '../support/gateway.js';

const STORED = `
  SELECT weight, balance::text, to_char(expires_at, 'US') AS micros, cardinality(deny_ips) AS denied
    FROM keys WHERE id = ANY ($1) ORDER BY id`;

describe('keys in a batch', () => {
  let app: TestApp;
  let namespace: string;
  let master: number;
  let keys: string;

  beforeAll(async () => {
    app = await startApp();
    namespace = await aNamespace(app);
    master = (await aMaster(app, { namespaces: [namespace] })).id;
    keys = `/admin/masters/${master}/keys`;
  });
  afterAll(() => app.close());

  const batch = (body: object, query = '') => app.admin.post(`${keys}/batch${query}`, body);

  it('are created, changed and deleted together, as one version', async () => {
    const [old, gone] = [await aKey(app, master), await aKey(app, master)];
    const { status, body, headers } = await batch(
      { create: [{ name: 'a' }, { name: 'b' }], update: [{ id: old.id, weight: 7 }], delete: [gone.id] },
      '?wait=applied',
    );
    const version = headers.get('ez-config-version')!.split('.')[1];
    expect([status, headers.get('cache-control'), headers.get('ez-propagation')]).toEqual([200, 'no-store', 'applied']);
    expect(body).toMatchObject({
      created: [
        { name: 'a', version },
        { name: 'b', version },
      ],
      updated: [{ id: old.id, weight: 7, version }],
      deleted: [gone.id],
    });
    const statuses = [...body.created, gone].map(({ token }) =>
      app.redis.hget(`auth:token:${tokenHash(token)}`, 'status'),
    );
    expect(await Promise.all(statuses)).toEqual(['active', 'active', 'revoked']);
    expect(body.updated[0]).not.toHaveProperty('token');
  });

  it('change only in the fields that were sent for each, and keep every digit of the others', async () => {
    const [rich, other] = [await aKey(app, master), await aKey(app, master, { deny_ips: ['192.0.2.1'] })];
    const stored = () => app.db.query<object[]>(STORED, [[rich.id, other.id]]);
    await app.db.query(`UPDATE keys SET balance = 123456789012345.123456789, expires_at = $2 WHERE id = $1`, [
      rich.id,
      '2090-01-01T00:00:00.123456Z',
    ]);
    const update = [
      { id: rich.id, weight: 7 },
      { id: other.id, balance: 5, expires_at: null, deny_ips: null },
    ];
    expect((await batch({ update })).status).toBe(200);
    expect(await stored()).toEqual([
      { weight: 7, balance: '123456789012345.123456789', micros: '123456', denied: 0 },
      { weight: 1, balance: '5.000000000', micros: null, denied: 0 },
    ]);
  });

  it('are a thousand at once, each with its own token', async () => {
    const { id } = await aMaster(app);
    const create = Array.from({ length: 1000 }, (_, i) => ({ name: `k${i}`, quota_reset_type: 'daily' }));
    const path = `/admin/masters/${id}/keys/batch?wait=applied&timeout_ms=30000`;
    const { body, headers } = await app.admin.post(path, { create });
    expect(headers.get('ez-propagation')).toBe('applied');
    expect(new Set(body.created.map(({ version }: KeyBody) => `1.${version}`))).toEqual(
      new Set([headers.get('ez-config-version')]),
    );
    const hashes: string[] = body.created.map(({ token }: KeyBody) => tokenHash(token));
    expect(new Set(hashes).size).toBe(1000);
    expect(body.created.map(({ secrets }: KeyBody) => secrets[0]!.token_hash)).toEqual(hashes);
    const known = await app.redis.hmget('config:keys', ...hashes);
    expect(known.map((text) => JSON.parse(text!).id)).toEqual(body.created.map(({ id: keyId }: KeyBody) => keyId));
  });

  it.each([
    ['/create/1/name', 400, () => ({ create: [{ name: 'a' }, { name: 'a b' }] })],
    ['/create/1/namespaces/0', 422, () => ({ create: [{ name: 'a' }, { name: 'b', namespaces: ['other'] }] })],
    ['/create/0/expires_at', 422, () => ({ create: [{ name: 'a', expires_at: '2020-01-01T00:00:00Z' }] })],
    ['/update/0/id', 404, () => ({ update: [{ id: 999_999, name: 'a' }] })],
    ['/update/0/secrets', 400, () => ({ update: [{ id: 1, secrets: [] }] })],
    ['/delete/0/id', 404, () => ({ delete: [999_999] })],
    ['/ids', 400, () => ({ action: 'delete', ids: [1, 1] })],
    ['/status', 400, () => ({ action: 'status', ids: [1], status: 'gone' })],
  ])('name %s when it is wrong, and make nothing', async (pointer, expected, body) => {
    const before = (await app.admin.get(keys)).body.total;
    const answer = await batch(body());
    expect([answer.status, answer.body.errors[0].pointer]).toEqual([expected, pointer]);
    expect((await app.admin.get(keys)).body.total).toBe(before);
  });

  it('name the place of a revoked key that is to come back, and of a rule that a change breaks', async () => {
    const [live, revoked] = [await aKey(app, master), await aKey(app, master)];
    await app.admin.post(`${keys}/${revoked.id}/revoke`);
    const back = await batch({
      update: [
        { id: live.id, weight: 2 },
        { id: revoked.id, status: 'active' },
      ],
    });
    expect([back.status, back.body.code, back.body.errors[0].pointer]).toEqual([
      409,
      'key_revoked',
      '/update/1/status',
    ]);
    const foreign = await batch({ update: [{ id: live.id, default_namespace: 'other' }] });
    expect([foreign.status, foreign.body.errors[0].pointer]).toEqual([422, '/update/0/default_namespace']);
    expect((await app.admin.get(`${keys}/${live.id}`)).body.weight).toBe(1);
  });

  it('are suspended and deleted by an action on many', async () => {
    const made = [await aKey(app, master), await aKey(app, master)];
    const ids = made.map(({ id }) => id);
    const suspended = await batch({ action: 'status', ids, status: 'suspended' });
    expect(suspended.body.updated.map(({ status }: KeyBody) => status)).toEqual(['suspended', 'suspended']);
    expect((await batch({ action: 'delete', ids })).body.deleted).toEqual(ids);
    expect((await app.admin.get(`${keys}?status=suspended`)).body.total).toBe(0);
  });

  it('answer the very same tokens to a retry', async () => {
    const headers = { 'idempotency-key': unused('retry') };
    const body = { create: [{ name: 'a' }, { name: 'b' }] };
    const first = await app.admin.post(`${keys}/batch`, body, headers);
    expect((await app.admin.post(`${keys}/batch`, body, headers)).body).toEqual(first.body);
  });

  it('wait for each other when they want the same keys in another order', async () => {
    const ids = [(await aKey(app, master)).id, (await aKey(app, master)).id];
    const orders = Array.from({ length: 8 }, (_, i) => (i % 2 ? ids : ids.toReversed()));
    const asked = orders.map((order, weight) =>
      batch({ create: [{ name: 'x' }], update: order.map((id) => ({ id, weight })) }),
    );
    expect((await Promise.all(asked)).map(({ status }) => status)).toEqual(orders.map(() => 200));
  });
});
