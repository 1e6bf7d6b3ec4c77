import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { AlertWatch } from '../../src/modules/webhooks/alert-watch.js';
import { balancer, records } from '../support/access-logs.js';
import { startApp, type TestApp } from '../support/app.js';
import { aKey, aMaster } from '../support/gateway.js';
import type { Json } from '../support/http.js';
import { aBatch, settled } from '../usage/balancing.js';
import { LOOPBACK, PATH, Receiver, SECRET } from './receiver.js';

describe('an alert', () => {
  let app: TestApp;
  let receiver: Receiver;

  beforeAll(async () => {
    app = await startApp({
      ...LOOPBACK,
      // Records wait for their time, unless somebody waits for them.
      ...{ EZ_LOG_QUEUE: '100', EZ_LOG_BATCH_SIZE: '100', EZ_LOG_FLUSH_MS: '60000' },
    });
  });
  afterAll(() => app.close());

  beforeEach(async () => {
    receiver = await Receiver.start();
  });
  afterEach(async () => {
    await app.admin.delete(PATH);
    await app.db.query('TRUNCATE webhook_deliveries, webhook_alerts, logs.rollup_deltas, logs.rollup_minutes');
    await receiver.stop();
  });

  const ask = async (event: string, condition: object): Promise<void> => {
    const body = {
      url: receiver.url,
      secret: SECRET,
      events: [event],
      conditions: { [event]: condition },
    };
    expect((await app.admin.put(PATH, body)).status).toBe(200);
  };

  /** What was sent, or is to be. */
  const alerts = async (): Promise<Json[]> => {
    await app.nest.get(AlertWatch).look();
    return (await app.admin.get(`${PATH}/deliveries`)).body.data.map(({ payload }: Json) => payload);
  };

  /** Requests that ended in the last full minute, or in the one before when this one has just ended. */
  const served = async (count: number, status_code: number): Promise<void> => {
    const at = new Date(Date.now() - 60_000).toISOString();
    const answer = await balancer(app).post('/internal/logs?durable=true', records(count, { at, status_code }));
    expect(answer).toMatchObject({ status: 200, body: { accepted: count } });
  };

  it('tells of too many requests that fail', async () => {
    await ask('error_rate', { percent: 20, minutes: 3, min_requests: 50 });
    await served(39, 200);
    await served(10, 429);
    expect(await alerts()).toEqual([]);
    await served(1, 404);
    expect(await alerts()).toMatchObject([
      { event: 'error_rate', state: 'firing', data: { requests: 50, errors: 11, percent: 22 } },
    ]);
  });

  it('tells of too many server errors, and not of errors that clients made', async () => {
    await ask('server_errors', { count: 5, minutes: 3 });
    await served(4, 502);
    await served(20, 404);
    expect(await alerts()).toEqual([]);
    await served(1, 500);
    expect(await alerts()).toMatchObject([{ event: 'server_errors', data: { requests: 25, server_errors: 5 } }]);
  });

  it('tells once a period of a key that has used much of its quota', async () => {
    await ask('quota_threshold', { percent: 80 });
    const master = await aMaster(app);
    const key = await aKey(app, master.id, { quota_limit: 10, quota_reset_type: 'daily' });
    const spend = (quota_units: number): Promise<Json> =>
      settled(app, aBatch({ key_id: key.id, requests: 1, quota_units }));
    await spend(7);
    expect(await alerts()).toEqual([]);
    await spend(1);
    const told = [{ event: 'quota_threshold', data: { key_id: key.id, quota_limit: 10, quota_used: 8 } }];
    expect(await alerts()).toMatchObject(told);
    await spend(1);
    expect(await alerts()).toMatchObject(told);
  });

  it('tells of a queue of log records that fills', async () => {
    await ask('log_queue_pressure', { percent: 50 });
    await balancer(app).post('/internal/logs', records(49));
    expect(await alerts()).toEqual([]);
    await balancer(app).post('/internal/logs', records(1));
    expect(await alerts()).toMatchObject([{ event: 'log_queue_pressure', data: { records: 50, capacity: 100 } }]);
  });
});
