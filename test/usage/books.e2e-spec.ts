import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { balancer, records } from '../support/access-logs.js';
import { startApp, type TestApp } from '../support/app.js';
import { aKey, aMaster, tokenHash } from '../support/gateway.js';
import { aBatch, keyOf, settled } from './balancing.js';

const NOBODY = 999_999;

let app: TestApp;

beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.close());

const reconcile = async (body: object = {}) => (await app.admin.post('/admin/usage/reconcile', body)).body;

describe('the ledger', () => {
  it('is listed newest first, page by page, of a key or of a master', async () => {
    const { id: master } = await aMaster(app);
    const [key, other] = [await aKey(app, master), await aKey(app, master)];
    for (let n = 1; n <= 3; n++) await settled(app, aBatch({ key_id: key.id, requests: n }));
    await settled(app, aBatch({ key_id: other.id, requests: 4 }));
    const first = (await app.admin.get(`/admin/usage?key_id=${key.id}&limit=2`)).body;
    expect(first.data.map(({ requests }: { requests: number }) => requests)).toEqual([3, 2]);
    const second = (await app.admin.get(`/admin/usage?key_id=${key.id}&limit=2&cursor=${first.next_cursor}`)).body;
    expect(second).toMatchObject({ data: [{ requests: 1, key_id: key.id, node: 'node-1' }], next_cursor: null });
    expect((await app.admin.get(`/admin/usage?master_id=${master}`)).body.data).toHaveLength(4);
    expect((await app.admin.get('/admin/usage?cursor=x')).status).toBe(400);
  });

  it('can’t be rewritten', async () => {
    await expect(app.db.query('UPDATE usage.ledger SET requests = 0')).rejects.toThrow('append-only');
    await expect(app.db.query('TRUNCATE usage.ledger')).rejects.toThrow('append-only');
  });
});

describe('what was used', () => {
  it('is seen by the master whose key it was, and by no other', async () => {
    const [owner, stranger] = [await aMaster(app), await aMaster(app)];
    const key = await aKey(app, owner.id, { quota_limit: 5 });
    await settled(app, aBatch({ key_id: key.id, requests: 1, quota_units: 2, input_tokens: 3 }));
    const own = app.anyone.as(owner.master_key);
    expect((await own.get(`/v1/tokens/${key.id}/usage`)).body).toMatchObject({
      ...{ total: 1, data: [{ period: 'all', used: 2, quota_limit: 5, requests: 1, closed_at: null }] },
    });
    expect((await own.get('/v1/usage')).body).toMatchObject({ requests: 1, input_tokens: 3 });
    const other = app.anyone.as(stranger.master_key);
    expect((await other.get(`/v1/tokens/${key.id}/usage`)).status).toBe(404);
    expect((await other.get('/v1/usage')).body).toMatchObject({ requests: 0, last_accessed_at: null });
  });

  it.each(['keys', 'masters', 'api-keys'])('of %s that are not there is a 404', async (resource) => {
    expect((await app.admin.get(`/admin/${resource}/${NOBODY}/usage`)).status).toBe(404);
  });
});

describe('a reconciliation', () => {
  it('finds counters that differ from the ledger, and repairs them when asked to', async () => {
    const { id: master } = await aMaster(app);
    const key = await aKey(app, master, { quota_limit: 10 });
    await settled(app, aBatch({ key_id: key.id, requests: 3, quota_units: 4, input_tokens: 5 }));
    await app.db.query('UPDATE keys SET request_count = 1, quota_used = 11 WHERE id = $1', [key.id]);
    await app.db.query('UPDATE usage.periods SET used = 9 WHERE key_id = $1', [key.id]);
    await app.db.query('UPDATE usage.masters SET input_tokens = 6 WHERE master_id = $1', [master]);
    const differences = [
      { kind: 'key', id: key.id, period_start: null, counter: 'quota_used', ledger: 4, counted: 11 },
      { kind: 'key', id: key.id, period_start: null, counter: 'request_count', ledger: 3, counted: 1 },
      { kind: 'period', id: key.id, period_start: expect.any(String), counter: 'used', ledger: 4, counted: 9 },
      { kind: 'master', id: master, period_start: null, counter: 'input_tokens', ledger: 5, counted: 6 },
    ];
    expect(await reconcile()).toMatchObject({ differences, repaired: false, next_after_key_id: null });
    expect(await reconcile({ repair: true })).toMatchObject({ differences, repaired: true });
    expect((await reconcile()).differences).toEqual([]);
    expect(await keyOf(app, key)).toMatchObject({ request_count: 3, quota_used: 4, exhausted: false });
    await app.sync();
    expect(await app.redis.hget(`auth:token:${tokenHash(key.token)}`, 'status')).toBe('active');
  });

  it('shows where access logs say something else than what was settled', async () => {
    const { id: master } = await aMaster(app);
    const [alike, other] = [await aKey(app, master), await aKey(app, master)];
    for (const { id } of [alike, other]) await settled(app, aBatch({ key_id: id, requests: 2, input_tokens: 10 }));
    const logged = [
      ...records(2, { master_id: master, key_id: alike.id, input_tokens: 5 }),
      ...records(1, { master_id: master, key_id: other.id, input_tokens: 10 }),
    ];
    expect((await balancer(app).post('/logs?durable=true', logged)).body).toMatchObject({ accepted: 3 });
    const { rollups } = await reconcile({ after_key_id: alike.id - 1 });
    expect(rollups).toEqual({
      state: 'compared',
      differences: [{ key_id: other.id, counter: 'requests', ledger: 2, logged: 1 }],
    });
  });

  it('goes page by page', async () => {
    const { id: master } = await aMaster(app);
    for (let n = 0; n < 3; n++) await aKey(app, master);
    const seen: number[] = [];
    for (let after: number | null = null; ;) {
      const page = await reconcile({ limit: 2, ...(after && { after_key_id: after }) });
      seen.push(page.keys);
      after = page.next_after_key_id;
      if (after === null) break;
    }
    const [row] = await app.db.query<{ keys: number }[]>('SELECT count(*)::int AS keys FROM keys');
    expect(seen.reduce((sum, keys) => sum + keys)).toBe(row!.keys);
  });
});
