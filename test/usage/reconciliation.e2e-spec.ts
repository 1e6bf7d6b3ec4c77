import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { COMPARE_MASTERS } from '../../src/modules/usage/reconciliation.sql.js';
import { balancer, records } from '../support/access-logs.js';
import { startApp, type TestApp } from '../support/app.js';
import { aKey, aMaster, tokenHash } from '../support/gateway.js';
import type { Json } from '../support/http.js';
import { aBatch, keyOf, settled } from './balancing.js';
import { rowsRead } from './plans.js';

let app: TestApp;

beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.close());

const reconcile = async (body: object = {}) => (await app.admin.post('/admin/usage/reconcile', body)).body;

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

  it('goes page by page of masters too, those that were deleted included', async () => {
    const masters: number[] = [];
    for (let n = 0; n < 5; n++) {
      const { id } = await aMaster(app);
      const key = await aKey(app, id);
      await settled(app, aBatch({ key_id: key.id, requests: 1 }));
      masters.push(id);
      if (n < 2) await app.admin.delete(`/admin/masters/${id}/keys/${key.id}`);
      if (n < 2) expect((await app.admin.delete(`/admin/masters/${id}`)).status).toBe(204);
    }
    await app.db.query('UPDATE usage.masters SET requests = 7 WHERE master_id = ANY ($1)', [masters]);
    const found = await differencesByPage({ limit: 2 });
    expect(found).toEqual(masters.map((id) => expect.objectContaining({ kind: 'master', id, ledger: 1, counted: 7 })));
    await differencesByPage({ limit: 2, repair: true });
    expect(await differencesByPage({ limit: 1000 })).toEqual([]);
  });

  it('loses nothing that is counted for a master while it is repaired', async () => {
    const { id: master } = await aMaster(app);
    const { id: key_id } = await aKey(app, master);
    const spend = () => settled(app, aBatch({ key_id, requests: 1 }));
    for (const spoil of ['UPDATE usage.masters SET requests = 99', 'DELETE FROM usage.masters']) {
      await spend();
      await app.db.query(`${spoil} WHERE master_id = $1`, [master]);
      const spends = Array.from({ length: 10 }, spend);
      await Promise.all([...spends, reconcile({ repair: true })]);
      await reconcile({ repair: true });
      expect((await reconcile()).differences).toEqual([]);
    }
    expect((await app.admin.get(`/admin/masters/${master}/usage`)).body.requests).toBe(22);
  });

  it('reads of the ledger what the masters of its page have, and nothing else', async () => {
    const { id: master } = await aMaster(app);
    const { id: key_id } = await aKey(app, master);
    await settled(app, aBatch({ key_id, requests: 1 }));
    await app.db.query(
      `INSERT INTO usage.ledger (node, batch_id, key_id, master_id, period_start,
                                 requests, input_tokens, output_tokens, quota_units, cost_usd, unpaid_usd)
       SELECT 'n', 'b', n, 1000000 + n % 50, now(), 0, 0, 0, 0, 0, 0 FROM generate_series(1, 20000) n`,
    );
    await app.db.query(
      `INSERT INTO usage.ledger_closed SELECT key_id, master_id, period_start, 0, 0, 0, 0, 0, 0
         FROM usage.ledger WHERE master_id >= 1000000`,
    );
    await app.db.query('ANALYZE usage.ledger, usage.ledger_closed');
    for (const table of ['ledger', 'ledger_closed']) {
      expect(await rowsRead(app.db, table, COMPARE_MASTERS, [[master]])).toBe(table === 'ledger' ? 1 : 0);
    }
  });
});

/** Until every page was compared. */
async function differencesByPage(body: object): Promise<Json[]> {
  const found: Json[] = [];
  for (let next = {}; ;) {
    const page = await reconcile({ ...body, ...next });
    found.push(...page.differences);
    if (page.next_after_key_id !== null) next = { after_key_id: page.next_after_key_id };
    else if (page.next_after_master_id !== null) next = { after_master_id: page.next_after_master_id };
    else return found;
  }
}
