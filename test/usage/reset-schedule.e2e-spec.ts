import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { SchedulerRegistry } from '@nestjs/schedule';
import { RESET_LOCK } from '../../src/modules/usage/quota-reset.js';
import { BOUNDARY } from '../../src/modules/usage/quota-resets.js';
import { INTERNAL_TOKEN, startApp, type TestApp } from '../support/app.js';
import { aKey, aMaster, type KeyBody } from '../support/gateway.js';
import { until } from '../support/launcher.js';
import { metricsIn, sum } from '../support/prometheus.js';
import { aBatch, keyOf, settled } from './balancing.js';

/** None that any Node knows. */
const CRATER = 'Moon/Tycho';

let app: TestApp;
let master: number;

beforeAll(async () => {
  // Nothing but the wake-up comes within this test.
  app = await startApp({ EZ_QUOTA_RESET_INTERVAL_SECONDS: '86400' });
});
beforeEach(async () => {
  await app.db.query(`UPDATE keys SET status = 'revoked'`);
  master = (await aMaster(app)).id;
});
afterAll(() => app.close());

async function aDueKey(quota_timezone = 'UTC'): Promise<KeyBody> {
  const key = await aKey(app, master, { quota_limit: 7, quota_used: 7, quota_reset_type: 'daily' });
  await app.db.query(
    `UPDATE keys SET quota_timezone = $2, quota_period_start = date_trunc('day', now()), quota_reset_at = now() WHERE id = $1`,
    [key.id, quota_timezone],
  );
  return key;
}

/** What the timer does when it is up. */
function wake(): void {
  const timer: object = app.nest.get(SchedulerRegistry).getTimeout(BOUNDARY);
  (Reflect.get(timer, '_onTimeout') as () => void).call(timer);
}

const isReset = async (key: KeyBody): Promise<boolean> => (await keyOf(app, key)).quota_used === 0;

const unknownZones = async (): Promise<number> =>
  sum(
    metricsIn((await app.anyone.as(INTERNAL_TOKEN).get('/internal/metrics')).body).samples,
    'ez_quota_unknown_time_zones',
  );

describe('the wake-up at a boundary', () => {
  it('begins the periods that are due', async () => {
    const key = await aDueKey();
    wake();
    await until(() => isReset(key));
    expect((await keyOf(app, key)).exhausted).toBe(false);
  });

  it('is not lost when it comes while another is at work', async () => {
    const busy = app.db.createQueryRunner();
    await busy.startTransaction();
    await busy.query('SELECT pg_advisory_xact_lock($1)', [RESET_LOCK]);
    const first = await aDueKey();
    wake();
    const second = await aDueKey();
    wake();
    await busy.rollbackTransaction();
    await busy.release();
    await until(() => isReset(first));
    await until(() => isReset(second));
    expect((await keyOf(app, second)).exhausted).toBe(false);
  });
});

describe('a key whose time zone the server does not know', () => {
  it('is left out, with a word to the operator, while the others are reset; and reset when it has another', async () => {
    const [lost, other] = [await aDueKey(CRATER), await aDueKey()];
    wake();
    await until(() => isReset(other));
    await until(async () => (await unknownZones()) === 1);
    expect(await isReset(lost)).toBe(false);
    expect(app.logs.filter((line) => line.includes(`quotas of keys in ${CRATER} are not reset`))).not.toEqual([]);
    await app.db.query(`UPDATE keys SET quota_timezone = 'UTC' WHERE id = $1`, [lost.id]);
    wake();
    await until(() => isReset(lost));
    await until(async () => (await unknownZones()) === 0);
  });

  it('is counted for in its open period, and so are the others of the batch', async () => {
    const [lost, other] = [await aDueKey(CRATER), await aDueKey()];
    const [one, two] = [lost, other].map(({ id }) => ({ key_id: id, requests: 1, quota_units: 1 }));
    await settled(app, aBatch({ ...one, period: '2026-11-20' }, { ...two }));
    await app.redis.xadd('usage:ingest', '*', 'batch', JSON.stringify(aBatch({ ...one, last_used_at: 1 }, { ...two })));
    await until(async () => (await app.redis.xlen('usage:ingest')) === 0);
    expect(await keyOf(app, lost)).toMatchObject({ request_count: 2, quota_used: 9 });
    expect(await keyOf(app, other)).toMatchObject({ request_count: 2 });
  });

  it('keeps its quota as it is until it has one that the server knows', async () => {
    const lost = await aDueKey(CRATER);
    const path = `/admin/masters/${lost.master_id}/keys/${lost.id}`;
    const refused = await app.admin.patch(path, { quota_reset_type: 'monthly' });
    expect([refused.status, refused.body.errors[0].pointer]).toEqual([422, '/quota_timezone']);
    expect((await app.admin.patch(path, { weight: 2 })).status).toBe(200);
    const changed = await app.admin.patch(path, { quota_reset_type: 'monthly', quota_timezone: 'UTC' });
    expect(changed.body).toMatchObject({ quota_reset_type: 'monthly', quota_timezone: 'UTC' });
  });
});
