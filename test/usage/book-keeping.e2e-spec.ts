import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BookKeeping } from '../../src/modules/usage/book-keeping.js';
import { AT_ONCE, CLOSE_LINES } from '../../src/modules/usage/book-keeping.sql.js';
import { startApp, type TestApp } from '../support/app.js';
import { aKey, aMaster } from '../support/gateway.js';
import { aBatch, flush, settled } from './balancing.js';
import { rowsRead } from './plans.js';

let app: TestApp;
let key: { id: number };

beforeAll(async () => {
  app = await startApp();
  key = await aKey(app, (await aMaster(app)).id, { balance: 1 });
});
afterAll(() => app.close());

const keep = () => app.nest.get(BookKeeping).keep();

/** Counts a batch as if it had come so long ago. */
async function settledAgo(interval: string): Promise<object> {
  const batch = aBatch({ key_id: key.id, requests: 1, quota_units: 2, cost_usd: 0.75 });
  await settled(app, batch);
  await app.db.query(`ALTER TABLE usage.ledger DISABLE TRIGGER USER`);
  for (const table of ['ledger', 'batches']) {
    await app.db.query(`UPDATE usage.${table} SET at = now() - $2::interval WHERE batch_id = $1`, [
      batch.batch_id,
      interval,
    ]);
  }
  await app.db.query(`ALTER TABLE usage.ledger ENABLE TRIGGER USER`);
  return batch;
}

const lines = async (): Promise<number> =>
  (await app.admin.get(`/admin/usage?key_id=${key.id}&limit=1000`)).body.data.length;

describe('the books', () => {
  it('have sums of their old lines, which count as they did, and forget batches after a week', async () => {
    const [old, week, young] = [await settledAgo('36 days'), await settledAgo('8 days'), await settledAgo('6 days')];
    await keep();
    expect(await lines()).toBe(2);
    expect((await app.admin.post('/admin/usage/reconcile', {})).body.differences).toEqual([]);
    for (const batch of [old, week]) expect((await flush(app, batch)).body.duplicate).toBe(false);
    expect((await flush(app, young)).body.duplicate).toBe(true);
  });

  it('forget batches also when old lines can’t become sums, and say so', async () => {
    await settledAgo('40 days');
    await keep();
    await app.db.query('UPDATE usage.ledger_closed SET requests = 9223372036854775807');
    const batch = await settledAgo('40 days');
    await keep();
    await app.db.query('UPDATE usage.ledger_closed SET requests = 1');
    expect(app.logs.join()).toContain('the ledger stays long');
    expect((await flush(app, batch)).body.duplicate).toBe(false);
  });

  it('are looked through from their oldest line, and no further than lines are moved at once', async () => {
    await settledAgo('36 days');
    await app.db.query(
      `INSERT INTO usage.ledger (node, batch_id, key_id, master_id, period_start,
                                 requests, input_tokens, output_tokens, quota_units, cost_usd, unpaid_usd)
       SELECT 'n', 'b', 1, 1, now(), 0, 0, 0, 0, 0, 0 FROM generate_series(1, $1)`,
      [5 * AT_ONCE],
    );
    await app.db.query('ANALYZE usage.ledger');
    const read = await rowsRead(app.db, 'ledger', CLOSE_LINES);
    expect(read).toBeGreaterThanOrEqual(AT_ONCE);
    expect(read).toBeLessThan(1.1 * AT_ONCE);
  });
});
