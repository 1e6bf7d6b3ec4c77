import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { aKey, aMaster, anApiKey, aProviderGroup, tokenHash, type KeyBody } from '../support/gateway.js';
import { aBatch, flush, keyOf, settled } from './balancing.js';

const NOBODY = 999_999;
const DAY_MS = 86_400_000;

const dayAfter = (days: number): string => new Date(Date.now() + days * DAY_MS).toISOString().slice(0, 10);

let app: TestApp;
let replica: TestApp;
let master: number;

beforeAll(async () => {
  app = await startApp();
  replica = await startApp({ EZ_REDIS_DB: String(app.redis.options.db) }, () => app.dsn);
  master = (await aMaster(app)).id;
});
afterAll(async () => {
  await replica.close();
  await app.close();
});

const version = async (): Promise<string> =>
  (await app.db.query<{ version: string }[]>('SELECT version FROM sync_head'))[0]!.version;

const inRedis = (key: KeyBody, ...fields: string[]) => app.redis.hmget(`auth:token:${tokenHash(key.token)}`, ...fields);

const ledgerOf = ({ id }: { id: number }) =>
  app.db.query<Record<string, string>[]>('SELECT * FROM usage.ledger WHERE key_id = $1 ORDER BY id', [id]);

describe('a flush', () => {
  it('adds to the counters of the key, its master and the API key, and to the ledger', async () => {
    const owner = await aMaster(app);
    const key = await aKey(app, owner.id, { balance: 10 });
    const apiKey = await anApiKey(app, (await aProviderGroup(app)).id);
    const entry = {
      ...{ key_id: key.id, requests: 3, input_tokens: 1200, output_tokens: 340, quota_units: 3, cost_usd: 0.0125 },
      last_used_at: 1_734_464_000,
    };
    const providers = [{ provider_id: apiKey.id, requests: 3, errors: 1 }];
    const batch = { ...aBatch(entry), providers };
    expect((await flush(app, batch)).body).toEqual({
      ...{ node: 'node-1', batch_id: batch.batch_id, duplicate: false },
      unknown: { keys: [], providers: [] },
    });
    await settled(app, { ...aBatch({ ...entry, last_used_at: '2024-12-17T19:33:21Z' }), providers });
    expect(await keyOf(app, key)).toMatchObject({
      ...{ request_count: 6, used_tokens: 3080, quota_used: 6, balance: 9.975 },
      last_accessed_at: '2024-12-17T19:33:21.000Z',
    });
    expect(await ledgerOf(key)).toHaveLength(2);
    expect((await app.admin.get(`/admin/masters/${owner.id}/usage`)).body).toMatchObject({
      ...{ requests: 6, input_tokens: 2400, output_tokens: 680, cost_usd: 0.025, unpaid_usd: 0 },
    });
    expect((await app.admin.get(`/admin/api-keys/${apiKey.id}/usage`)).body).toMatchObject({ requests: 6, errors: 2 });
  });

  it('counts once, however often, at once, and to whichever replica it is sent', async () => {
    const key = await aKey(app, master);
    const batch = aBatch({ key_id: key.id, requests: 7 }, { key_id: NOBODY, requests: 1 });
    const answers = await Promise.all([app, replica, app, replica, app].map((one) => settled(one, batch)));
    expect(answers.filter(({ duplicate }) => !duplicate)).toHaveLength(1);
    for (const { unknown } of answers) expect(unknown).toEqual({ keys: [NOBODY], providers: [] });
    expect((await keyOf(app, key)).request_count).toBe(7);
    expect(await ledgerOf(key)).toHaveLength(1);
  });

  it('of another content under the same batch_id is refused, and counts nothing', async () => {
    const key = await aKey(app, master);
    const batch = aBatch({ key_id: key.id, requests: 1 });
    await settled(app, batch);
    const answer = await flush(app, { ...batch, entries: [{ key_id: key.id, requests: 2 }] });
    expect([answer.status, answer.body.code]).toEqual([409, 'batch_id_reused']);
    expect((await keyOf(app, key)).request_count).toBe(1);
  });

  it('names ids that nothing has, and counts the others', async () => {
    const key = await aKey(app, master);
    const gone = await aKey(app, master);
    await app.admin.delete(`/admin/masters/${master}/keys/${gone.id}`);
    const batch = aBatch({ key_id: gone.id, requests: 1 }, { key_id: key.id, requests: 2 }, { key_id: NOBODY });
    const body = await settled(app, { ...batch, providers: [{ provider_id: NOBODY, requests: 1 }] });
    expect(body.unknown).toEqual({ keys: [gone.id, NOBODY], providers: [NOBODY] });
    expect((await keyOf(app, key)).request_count).toBe(2);
  });

  it('is no change of configuration: neither the version nor the ETag moves', async () => {
    const key = await aKey(app, master, { balance: 5, quota_limit: 100 });
    const before = [await version(), key.version];
    await settled(app, aBatch({ key_id: key.id, requests: 1, quota_units: 10, cost_usd: 1 }));
    expect([await version(), (await keyOf(app, key)).version]).toEqual(before);
  });

  it('leaves the ledger to outlive its key', async () => {
    const key = await aKey(app, master);
    await settled(app, aBatch({ key_id: key.id, requests: 1 }));
    expect((await app.admin.delete(`/admin/masters/${master}/keys/${key.id}`)).status).toBe(204);
    expect(await ledgerOf(key)).toHaveLength(1);
  });

  it.each<[string, unknown, string]>([
    ['no node', { batch_id: 'b' }, '/node'],
    ['a node with a blank', { node: 'a b', batch_id: 'b' }, '/node'],
    ['no batch_id', { node: 'n' }, '/batch_id'],
    ['a batch_id with NUL', { node: 'n', batch_id: 'a\u0000' }, '/batch_id'],
    ['entries that are no list', { node: 'n', batch_id: 'b', entries: { key_id: 1 } }, '/entries'],
    ['an entry that is no object', { node: 'n', batch_id: 'b', entries: [7] }, '/entries/0'],
    ['an entry without key', { node: 'n', batch_id: 'b', entries: [{ requests: 1 }] }, '/entries/0/key_id'],
    ['a key id of 0', { node: 'n', batch_id: 'b', entries: [{ key_id: 0 }] }, '/entries/0/key_id'],
    [
      'a text for a number',
      { node: 'n', batch_id: 'b', entries: [{ key_id: 1, requests: '1' }] },
      '/entries/0/requests',
    ],
    [
      'less than nothing',
      { node: 'n', batch_id: 'b', entries: [{ key_id: 1, quota_units: -1 }] },
      '/entries/0/quota_units',
    ],
    ['half a request', { node: 'n', batch_id: 'b', entries: [{ key_id: 1, requests: 0.5 }] }, '/entries/0/requests'],
    [
      'too many tokens',
      { node: 'n', batch_id: 'b', entries: [{ key_id: 1, input_tokens: 1e15 }] },
      '/entries/0/input_tokens',
    ],
    ['a negative cost', { node: 'n', batch_id: 'b', entries: [{ key_id: 1, cost_usd: -0.01 }] }, '/entries/0/cost_usd'],
    [
      'a cost of more than a million',
      { node: 'n', batch_id: 'b', entries: [{ key_id: 1, cost_usd: 1e300 }] },
      '/entries/0/cost_usd',
    ],
    [
      'a period off the calendar',
      { node: 'n', batch_id: 'b', entries: [{ key_id: 1, period: '2026-02-30' }] },
      '/entries/0/period',
    ],
    [
      'a time without zone',
      { node: 'n', batch_id: 'b', entries: [{ key_id: 1, last_used_at: '2026-01-01T00:00:00' }] },
      '/entries/0/last_used_at',
    ],
    [
      'a time more than an hour ahead',
      { node: 'n', batch_id: 'b', entries: [{ key_id: 1, last_used_at: Date.now() / 1000 + 4_000 }] },
      '/entries/0/last_used_at',
    ],
    [
      'a period that has begun nowhere',
      { node: 'n', batch_id: 'b', entries: [{ key_id: 1 }, { key_id: 1, period: dayAfter(2) }] },
      '/entries/1/period',
    ],
    [
      'a time before 1970',
      { node: 'n', batch_id: 'b', entries: [{ key_id: 1, last_used_at: -1 }] },
      '/entries/0/last_used_at',
    ],
    [
      'a field nobody knows',
      { node: 'n', batch_id: 'b', entries: [{ key_id: 1, master_id: 2 }] },
      '/entries/0/master_id',
    ],
    [
      'errors that are no number',
      { node: 'n', batch_id: 'b', providers: [{ provider_id: 1, errors: [] }] },
      '/providers/0/errors',
    ],
    [
      '1,001 entries',
      { node: 'n', batch_id: 'b', entries: Array.from({ length: 1001 }, () => ({ key_id: 1 })) },
      '/entries',
    ],
  ])('with %s is refused', async (_, body, pointer) => {
    const answer = await flush(app, body);
    expect(answer.status).toBe(400);
    if (answer.body.code !== 'malformed_body') expect(answer.body.errors[0].pointer).toBe(pointer);
  });

  it('is for balancers only', async () => {
    expect((await app.admin.post('/internal/stats/flush', aBatch())).status).toBe(403);
    expect((await app.anyone.post('/internal/stats/flush', aBatch())).status).toBe(401);
  });
});

describe('a quota', () => {
  it('that is used up closes the key to balancers, and a higher limit opens it again', async () => {
    const key = await aKey(app, master, { quota_limit: 10 });
    await settled(app, aBatch({ key_id: key.id, quota_units: 9 }));
    await app.sync();
    expect(await inRedis(key, 'status', 'quota_period')).toEqual(['active', 'all']);
    await settled(app, aBatch({ key_id: key.id, quota_units: 5, period: 'all' }));
    await app.sync();
    expect(await inRedis(key, 'status')).toEqual(['exhausted']);
    expect(await keyOf(app, key)).toMatchObject({ exhausted: true, quota_used: 14 });

    await app.admin.patch(`/admin/masters/${master}/keys/${key.id}`, { quota_limit: 15 });
    await app.sync();
    expect(await inRedis(key, 'status')).toEqual(['active']);
    await settled(app, aBatch({ key_id: key.id, quota_units: 1 }));
    await app.sync();
    expect(await inRedis(key, 'status')).toEqual(['exhausted']);
  });

  it('is used by whatever was on its way when the calendar changed', async () => {
    const key = await aKey(app, master, { quota_limit: 3 });
    const [path, today] = [`/admin/masters/${master}/keys/${key.id}`, dayAfter(0)];
    await app.admin.patch(path, { quota_reset_type: 'weekly' });
    await settled(app, aBatch({ key_id: key.id, quota_units: 1, period: 'all' }));
    await settled(app, aBatch({ key_id: key.id, quota_units: 1, period: today }));
    await app.admin.patch(path, { quota_reset_type: 'none' });
    await settled(app, aBatch({ key_id: key.id, quota_units: 1, period: today }));
    expect(await keyOf(app, key)).toMatchObject({ quota_used: 3, exhausted: true });
    expect((await app.admin.post('/admin/usage/reconcile', {})).body.differences).toEqual([]);
  });

  it('that is used up stands in the operation log', async () => {
    const key = await aKey(app, master, { quota_limit: 1 });
    await settled(app, aBatch({ key_id: key.id, quota_units: 2 }));
    const { body } = await app.admin.get(`/admin/operation-logs?resource=key&resource_id=${key.id}`);
    expect(body.data[0]).toMatchObject({ action: 'exhaust', actor_type: 'internal', after: { quota_used: 2 } });
  });
});

describe('a balance', () => {
  it('of 100 ends at exactly 0 after a thousand spends at once, and what is beyond it is in the ledger', async () => {
    const key = await aKey(app, master, { balance: 100 });
    const spend = { key_id: key.id, requests: 1, cost_usd: 0.123 };
    const spends = Array.from({ length: 250 }, () => aBatch(spend, spend, spend, spend));
    await Promise.all(spends.map((batch, i) => settled(i % 2 === 0 ? app : replica, batch)));
    expect(await keyOf(app, key)).toMatchObject({ balance: 0, request_count: 1000 });
    const [sums] = await app.db.query<{ cost: string; unpaid: string }[]>(
      'SELECT sum(cost_usd) AS cost, sum(unpaid_usd) AS unpaid FROM usage.ledger WHERE key_id = $1',
      [key.id],
    );
    expect(sums).toEqual({ cost: '123.000000000', unpaid: '23.000000000' });
    await app.sync();
    expect(await inRedis(key, 'balance', 'status')).toEqual(['0', 'active']);
  }, 300_000);

  it('goes below 0 where the key allows it', async () => {
    const key = await aKey(app, master, { balance: 1, allow_overdraft: true });
    await settled(app, aBatch({ key_id: key.id, cost_usd: 1.5 }));
    expect(await keyOf(app, key)).toMatchObject({ balance: -0.5, allow_overdraft: true });
  });

  it('has room for the largest batches, and for others after them', async () => {
    const key = await aKey(app, master, { allow_overdraft: true });
    const entries = Array.from({ length: 1_000 }, () => ({ key_id: key.id, cost_usd: 1_000_000 }));
    for (let n = 0; n < 2; n++) await settled(app, aBatch(...entries));
    await settled(app, aBatch({ key_id: key.id, cost_usd: 0.5 }));
    expect((await keyOf(app, key)).balance).toBe(-2_000_000_000.5);
  });

  it('is shown to balancers as it was set, until it is spent', async () => {
    const key = await aKey(app, master, { balance: 2 });
    await settled(app, aBatch({ key_id: key.id, cost_usd: 1.5 }));
    await app.admin.patch(`/admin/masters/${master}/keys/${key.id}`, { weight: 3 });
    await app.sync();
    expect(await inRedis(key, 'balance', 'weight')).toEqual(['2', '3']);
    for (const change of [{ quota_used: 1 }, { quota_reset_type: 'daily' }, { quota_timezone: 'Asia/Tokyo' }]) {
      await app.admin.patch(`/admin/masters/${master}/keys/${key.id}`, change);
    }
    await app.sync();
    expect(await inRedis(key, 'balance')).toEqual(['2']);
    await settled(app, aBatch({ key_id: key.id, cost_usd: 0.5 }));
    await app.sync();
    expect(await inRedis(key, 'balance')).toEqual(['0']);
    await app.admin.patch(`/admin/masters/${master}/keys/${key.id}`, { balance: 4 });
    await app.sync();
    expect(await inRedis(key, 'balance')).toEqual(['4']);
  });

  it('is charged in billionths, so that sums of floats don’t lose a batch', async () => {
    const key = await aKey(app, master, { balance: 1 });
    await settled(app, aBatch({ key_id: key.id, cost_usd: 0.1 + 0.2 }, { key_id: key.id, cost_usd: 0.000000002 }));
    expect((await keyOf(app, key)).balance).toBe(0.699999998);
  });
});
