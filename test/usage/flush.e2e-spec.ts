import { describe, expect, it } from '@jest/globals';
import { aKey, aMaster, anApiKey, aProviderGroup } from '../support/gateway.js';
import { aBatch, flush, keyOf, settled } from './balancing.js';
import { twoReplicas } from './replicas.js';

const NOBODY = 999_999;

const at = twoReplicas();

const version = async (): Promise<string> =>
  (await at.app.db.query<{ version: string }[]>('SELECT version FROM sync_head'))[0]!.version;

const ledgerOf = ({ id }: { id: number }) =>
  at.app.db.query<Record<string, string>[]>('SELECT * FROM usage.ledger WHERE key_id = $1 ORDER BY id', [id]);

/** That have written something, ever. */
const transactions = async (): Promise<number> =>
  (
    await at.app.db.query<{ next: number }[]>('SELECT pg_snapshot_xmax(pg_current_snapshot())::text::float8 AS next')
  )[0]!.next;

describe('a flush', () => {
  it('adds to the counters of the key, its master and the API key, and to the ledger', async () => {
    const owner = await aMaster(at.app);
    const key = await aKey(at.app, owner.id, { balance: 10 });
    const apiKey = await anApiKey(at.app, (await aProviderGroup(at.app)).id);
    const entry = {
      ...{ key_id: key.id, requests: 3, input_tokens: 1200, output_tokens: 340, quota_units: 3, cost_usd: 0.0125 },
      last_used_at: 1_734_464_000,
    };
    const providers = [{ provider_id: apiKey.id, requests: 3, errors: 1 }];
    const batch = { ...aBatch(entry), providers };
    expect((await flush(at.app, batch)).body).toEqual({
      ...{ node: 'node-1', batch_id: batch.batch_id, duplicate: false },
      unknown: { keys: [], providers: [] },
    });
    await settled(at.app, { ...aBatch({ ...entry, last_used_at: '2024-12-17T19:33:21Z' }), providers });
    expect(await keyOf(at.app, key)).toMatchObject({
      ...{ request_count: 6, used_tokens: 3080, quota_used: 6, balance: 9.975 },
      last_accessed_at: '2024-12-17T19:33:21.000Z',
    });
    expect(await ledgerOf(key)).toHaveLength(2);
    expect((await at.app.admin.get(`/admin/masters/${owner.id}/usage`)).body).toMatchObject({
      ...{ requests: 6, input_tokens: 2400, output_tokens: 680, cost_usd: 0.025, unpaid_usd: 0 },
    });
    expect((await at.app.admin.get(`/admin/api-keys/${apiKey.id}/usage`)).body).toMatchObject({
      requests: 6,
      errors: 2,
    });
  });

  it('counts once, however often, at once, and to whichever replica it is sent', async () => {
    const key = await aKey(at.app, at.master);
    const batch = aBatch({ key_id: key.id, requests: 7 }, { key_id: NOBODY, requests: 1 });
    const answers = await Promise.all(
      [at.app, at.replica, at.app, at.replica, at.app].map((one) => settled(one, batch)),
    );
    expect(answers.filter(({ duplicate }) => !duplicate)).toHaveLength(1);
    for (const { unknown } of answers) expect(unknown).toEqual({ keys: [NOBODY], providers: [] });
    expect((await keyOf(at.app, key)).request_count).toBe(7);
    expect(await ledgerOf(key)).toHaveLength(1);
  });

  it('of another content under the same batch_id is refused, and counts nothing', async () => {
    const key = await aKey(at.app, at.master);
    const batch = aBatch({ key_id: key.id, requests: 1 });
    await settled(at.app, batch);
    const answer = await flush(at.app, { ...batch, entries: [{ key_id: key.id, requests: 2 }] });
    expect([answer.status, answer.body.code]).toEqual([409, 'batch_id_reused']);
    expect((await keyOf(at.app, key)).request_count).toBe(1);
  });

  it('names ids that nothing has, and counts the others', async () => {
    const key = await aKey(at.app, at.master);
    const gone = await aKey(at.app, at.master);
    await at.app.admin.delete(`/admin/masters/${at.master}/keys/${gone.id}`);
    const batch = aBatch({ key_id: gone.id, requests: 1 }, { key_id: key.id, requests: 2 }, { key_id: NOBODY });
    const body = await settled(at.app, { ...batch, providers: [{ provider_id: NOBODY, requests: 1 }] });
    expect(body.unknown).toEqual({ keys: [gone.id, NOBODY], providers: [NOBODY] });
    expect((await keyOf(at.app, key)).request_count).toBe(2);
  });

  it('is no change of configuration: neither the version nor the ETag moves', async () => {
    const key = await aKey(at.app, at.master, { balance: 5, quota_limit: 100 });
    const before = [await version(), key.version];
    await settled(at.app, aBatch({ key_id: key.id, requests: 1, quota_units: 10, cost_usd: 1 }));
    expect([await version(), (await keyOf(at.app, key)).version]).toEqual(before);
  });

  it('leaves the ledger to outlive its key', async () => {
    const key = await aKey(at.app, at.master);
    await settled(at.app, aBatch({ key_id: key.id, requests: 1 }));
    expect((await at.app.admin.delete(`/admin/masters/${at.master}/keys/${key.id}`)).status).toBe(204);
    expect(await ledgerOf(key)).toHaveLength(1);
  });

  it('costs PostgreSQL one transaction, so that it waits for its disk once', async () => {
    const { id } = await aKey(at.app, at.master);
    const before = await transactions();
    for (let n = 0; n < 60; n++) await settled(at.app, aBatch({ key_id: id, requests: 1 }));
    expect((await transactions()) - before).toBeLessThan(90);
  });

  it('is for balancers only', async () => {
    expect((await at.app.admin.post('/internal/stats/flush', aBatch())).status).toBe(403);
    expect((await at.app.anyone.post('/internal/stats/flush', aBatch())).status).toBe(401);
  });
});
