import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { aKey, aMaster } from '../support/gateway.js';
import { aBatch, settled } from './balancing.js';

const NOBODY = 999_999;

let app: TestApp;

beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.close());

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
