import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { periodAt } from '../../src/common/quota-calendar.js';
import { toBatch } from '../../src/modules/usage/batch.js';
import type { FlushUsageDto } from '../../src/modules/usage/flush.dto.js';
import { QuotaResets } from '../../src/modules/usage/quota-resets.js';
import { UsageService } from '../../src/modules/usage/usage.service.js';
import { startApp, type TestApp } from '../support/app.js';
import { aKey, aMaster, tokenHash, type KeyBody } from '../support/gateway.js';
import { aBatch, keyOf } from './balancing.js';

/** So far ahead that no clock resets these keys by itself. */
const YEAR = 2061;

let replicas: TestApp[];
let app: TestApp;
let master: number;

beforeAll(async () => {
  app = await startApp();
  const again = () => startApp({ EZ_REDIS_DB: String(app.redis.options.db) }, () => app.dsn);
  replicas = [app, await again(), await again()];
});
beforeEach(async () => {
  // Else the keys of other tests would be reset too; revoked ones never are.
  await app.db.query(`UPDATE keys SET status = 'revoked'`);
  master = (await aMaster(app)).id;
});
afterAll(async () => {
  for (const replica of replicas.toReversed()) await replica.close();
});

/** Spends of that year are refused at the door, so they come in behind it. */
const settled = ({ nest }: TestApp, batch: object) =>
  nest.get(UsageService).settle(toBatch(batch as FlushUsageDto), 'http');

/** A key whose open period has this instant. */
async function aKeyAt(instant: string, fields: { quota_timezone: string; quota_limit?: number }): Promise<KeyBody> {
  const key = await aKey(app, master, { quota_limit: 10, quota_reset_type: 'daily', ...fields });
  const { start, end } = periodAt(new Date(instant), 'daily', fields.quota_timezone);
  await app.db.query('UPDATE keys SET quota_period_start = $2, quota_reset_at = $3 WHERE id = $1', [
    key.id,
    start,
    end,
  ]);
  return key;
}

const resetEverywhere = (now: string) =>
  Promise.all(replicas.map(({ nest }) => nest.get(QuotaResets).reset(new Date(now))));

const periodsOf = async ({ id }: KeyBody) =>
  (await app.admin.get(`/admin/keys/${id}/usage`)).body.data.map(
    ({ period, used, closed_at }: { period: string; used: number; closed_at: string | null }) => [
      period,
      used,
      closed_at === null ? 'open' : 'closed',
    ],
  );

const inRedis = async (key: KeyBody) => {
  await app.sync();
  return app.redis.hmget(`auth:token:${tokenHash(key.token)}`, 'status', 'quota_period');
};

describe('a reset', () => {
  it('opens the next period and the key, and keeps what was used in the last one', async () => {
    const key = await aKeyAt(`${YEAR}-06-01T12:00:00Z`, { quota_timezone: 'UTC' });
    await settled(app, aBatch({ key_id: key.id, quota_units: 12, period: `${YEAR}-06-01` }));
    expect(await inRedis(key)).toEqual(['exhausted', `${YEAR}-06-01`]);
    await resetEverywhere(`${YEAR}-06-02T00:00:00Z`);
    expect(await inRedis(key)).toEqual(['active', `${YEAR}-06-02`]);
    expect(await keyOf(app, key)).toMatchObject({
      quota_used: 0,
      exhausted: false,
      quota_reset_at: `${YEAR}-06-03T00:00:00.000Z`,
    });
    expect(await periodsOf(key)).toEqual([
      [`${YEAR}-06-02`, 0, 'open'],
      [`${YEAR}-06-01`, 12, 'closed'],
    ]);
  });

  it('doesn’t come before its time', async () => {
    const key = await aKeyAt(`${YEAR}-06-01T12:00:00Z`, { quota_timezone: 'UTC' });
    await settled(app, aBatch({ key_id: key.id, quota_units: 3, period: `${YEAR}-06-01` }));
    await resetEverywhere(`${YEAR}-06-01T23:59:59.999Z`);
    expect((await keyOf(app, key)).quota_used).toBe(3);
  });

  it('leaves late spends to the period that they belong to, and has early ones wait for theirs', async () => {
    const key = await aKeyAt(`${YEAR}-06-01T12:00:00Z`, { quota_timezone: 'UTC' });
    await settled(app, aBatch({ key_id: key.id, quota_units: 1, last_used_at: `${YEAR}-06-01T23:59:59Z` }));
    await settled(app, aBatch({ key_id: key.id, quota_units: 4, last_used_at: `${YEAR}-06-02T00:00:01Z` }));
    expect((await keyOf(app, key)).quota_used).toBe(1);
    await resetEverywhere(`${YEAR}-06-02T00:00:05Z`);
    expect((await keyOf(app, key)).quota_used).toBe(4);
    await settled(app, aBatch({ key_id: key.id, quota_units: 20, period: `${YEAR}-06-01` }));
    expect(await keyOf(app, key)).toMatchObject({ quota_used: 4, exhausted: false });
    expect(await periodsOf(key)).toEqual([
      [`${YEAR}-06-02`, 4, 'open'],
      [`${YEAR}-06-01`, 21, 'closed'],
    ]);
  });

  it('keeps what an operator set in the period that it was set for', async () => {
    const key = await aKeyAt(`${YEAR}-06-01T12:00:00Z`, { quota_timezone: 'UTC' });
    await settled(app, aBatch({ key_id: key.id, quota_units: 3, period: `${YEAR}-06-01` }));
    await app.admin.patch(`/admin/masters/${master}/keys/${key.id}`, { quota_used: 1 });
    await settled(app, aBatch({ key_id: key.id, quota_units: 2, period: `${YEAR}-06-01` }));
    expect(await periodsOf(key)).toEqual([[`${YEAR}-06-01`, 3, 'open']]);
    await resetEverywhere(`${YEAR}-06-02T00:00:00Z`);
    expect(await periodsOf(key)).toEqual([
      [`${YEAR}-06-02`, 0, 'open'],
      [`${YEAR}-06-01`, 3, 'closed'],
    ]);
    expect((await app.admin.post('/admin/usage/reconcile', {})).body.differences).toEqual([]);
  });

  it('that nobody made for days goes to the period that is now', async () => {
    const key = await aKeyAt(`${YEAR}-06-01T12:00:00Z`, { quota_timezone: 'UTC' });
    await resetEverywhere(`${YEAR}-06-09T10:00:00Z`);
    expect(await inRedis(key)).toEqual(['active', `${YEAR}-06-09`]);
  });

  /** Clocks go forward on the second Sunday in March and back on the first in November; in Kolkata never. */
  it.each([
    ['America/New_York', `${YEAR}-03-12`, ['05:00', '05:00', '04:00', '04:00']],
    ['America/New_York', `${YEAR}-11-05`, ['04:00', '04:00', '05:00', '05:00']],
    ['Asia/Kolkata', `${YEAR}-03-12`, ['18:30', '18:30', '18:30', '18:30']],
  ])(
    'comes once at each midnight of %s around %s, whatever is spent meanwhile on three replicas',
    async (quota_timezone, first, midnights) => {
      const key = await aKeyAt(`${first}T12:00:00Z`, { quota_timezone, quota_limit: 1000 });
      const before = await resetsLogged();
      let opens = periodAt(new Date(`${first}T12:00:00Z`), 'daily', quota_timezone).start;
      for (const midnight of midnights) {
        expect(opens.toISOString().slice(11, 16)).toBe(midnight);
        const { end } = periodAt(opens, 'daily', quota_timezone);
        await Promise.all([
          ...replicas.map((replica, i) => settled(replica, spendAt(key, end.getTime() - 1_000 * (i + 1)))),
          ...replicas.map((replica, i) => settled(replica, spendAt(key, end.getTime() + 1_000 * i))),
          resetEverywhere(end.toISOString()),
        ]);
        opens = end;
      }
      const periods = await periodsOf(key);
      expect(periods.map(([, used]: [string, number]) => used)).toEqual([3, 6, 6, 6, 3]);
      expect((await resetsLogged()) - before).toBe(4);
      expect((await keyOf(app, key)).quota_used).toBe(3);
      expect((await app.admin.post('/admin/usage/reconcile', {})).body.differences).toEqual([]);
    },
  );

  it('of more keys than go at once reaches all of them, in several versions', async () => {
    const [{ id }] = (await app.db.query<{ id: string }[]>(
      `INSERT INTO keys (master_id, name, quota_limit, quota_used, quota_reset_type, quota_period_start, quota_reset_at)
       SELECT $1, 'many-' || n, 5, 5, 'daily', '2062-01-01Z', '2062-01-02Z' FROM generate_series(1, 2500) n RETURNING id`,
      [master],
    )) as [{ id: string }];
    const before = await resetsLogged();
    await resetEverywhere('2062-01-02T00:00:00Z');
    const [row] = await app.db.query<{ reset: number }[]>(
      `SELECT count(*)::int AS reset FROM keys WHERE id >= $1 AND quota_used = 0 AND quota_reset_at = '2062-01-03Z'`,
      [id],
    );
    expect(row!.reset).toBe(2500);
    expect((await resetsLogged()) - before).toBe(3);
  });
});

const spendAt = ({ id }: KeyBody, instant: number) =>
  aBatch({ key_id: id, requests: 1, quota_units: 1, last_used_at: new Date(instant).toISOString() });

async function resetsLogged(): Promise<number> {
  const [row] = await app.db.query<{ count: number }[]>(
    `SELECT count(*)::int AS count FROM operation_logs WHERE action = 'reset_quota'`,
  );
  return row!.count;
}
