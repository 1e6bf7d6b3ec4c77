import { describe, expect, it } from '@jest/globals';
import { aKey } from '../support/gateway.js';
import { aBatch, inRedis, keyOf, settled } from './balancing.js';
import { twoReplicas } from './replicas.js';

const at = twoReplicas();

describe('a balance', () => {
  it('of 100 ends at exactly 0 after a thousand spends at once, and what is beyond it is in the ledger', async () => {
    const key = await aKey(at.app, at.master, { balance: 100 });
    const spend = { key_id: key.id, requests: 1, cost_usd: 0.123 };
    const spends = Array.from({ length: 250 }, () => aBatch(spend, spend, spend, spend));
    await Promise.all(spends.map((batch, i) => settled(i % 2 === 0 ? at.app : at.replica, batch)));
    expect(await keyOf(at.app, key)).toMatchObject({ balance: 0, request_count: 1000 });
    const [sums] = await at.app.db.query<{ cost: string; unpaid: string }[]>(
      'SELECT sum(cost_usd) AS cost, sum(unpaid_usd) AS unpaid FROM usage.ledger WHERE key_id = $1',
      [key.id],
    );
    expect(sums).toEqual({ cost: '123.000000000', unpaid: '23.000000000' });
    await at.app.sync();
    expect(await inRedis(at, key, 'balance', 'status')).toEqual(['0', 'active']);
  }, 300_000);

  it('goes below 0 where the key allows it', async () => {
    const key = await aKey(at.app, at.master, { balance: 1, allow_overdraft: true });
    await settled(at.app, aBatch({ key_id: key.id, cost_usd: 1.5 }));
    expect(await keyOf(at.app, key)).toMatchObject({ balance: -0.5, allow_overdraft: true });
  });

  it('has room for the largest batches, and for others after them', async () => {
    const key = await aKey(at.app, at.master, { allow_overdraft: true });
    const entries = Array.from({ length: 1_000 }, () => ({ key_id: key.id, cost_usd: 1_000_000 }));
    for (let n = 0; n < 2; n++) await settled(at.app, aBatch(...entries));
    await settled(at.app, aBatch({ key_id: key.id, cost_usd: 0.5 }));
    expect((await keyOf(at.app, key)).balance).toBe(-2_000_000_000.5);
  });

  it('is shown to balancers as it was set, until it is spent', async () => {
    const key = await aKey(at.app, at.master, { balance: 2 });
    await settled(at.app, aBatch({ key_id: key.id, cost_usd: 1.5 }));
    await at.app.admin.patch(`/admin/masters/${at.master}/keys/${key.id}`, { weight: 3 });
    await at.app.sync();
    expect(await inRedis(at, key, 'balance', 'weight')).toEqual(['2', '3']);
    for (const change of [{ quota_used: 1 }, { quota_reset_type: 'daily' }, { quota_timezone: 'Asia/Tokyo' }]) {
      await at.app.admin.patch(`/admin/masters/${at.master}/keys/${key.id}`, change);
    }
    await at.app.sync();
    expect(await inRedis(at, key, 'balance')).toEqual(['2']);
    await settled(at.app, aBatch({ key_id: key.id, cost_usd: 0.5 }));
    await at.app.sync();
    expect(await inRedis(at, key, 'balance')).toEqual(['0']);
    await at.app.admin.patch(`/admin/masters/${at.master}/keys/${key.id}`, { balance: 4 });
    await at.app.sync();
    expect(await inRedis(at, key, 'balance')).toEqual(['4']);
  });

  it('is charged in billionths, so that sums of floats don’t lose a batch', async () => {
    const key = await aKey(at.app, at.master, { balance: 1 });
    await settled(at.app, aBatch({ key_id: key.id, cost_usd: 0.1 + 0.2 }, { key_id: key.id, cost_usd: 0.000000002 }));
    expect((await keyOf(at.app, key)).balance).toBe(0.699999998);
  });
});
