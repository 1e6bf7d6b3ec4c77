import { describe, expect, it } from '@jest/globals';
import { balancer, records } from '../support/access-logs.js';
import { aKey, aMaster } from '../support/gateway.js';
import type { Json } from '../support/http.js';
import { aBatch, settled } from '../usage/balancing.js';
import { alerted } from './alerted.js';

describe('an alert', () => {
  // Records wait for their time, unless somebody waits for them.
  const at = alerted({ EZ_LOG_QUEUE: '100', EZ_LOG_BATCH_SIZE: '100', EZ_LOG_FLUSH_MS: '60000' });

  const ask = async (event: string, condition: object): Promise<void> => {
    expect((await at.put({ events: [event], conditions: { [event]: condition } })).status).toBe(200);
  };

  /** Requests that ended in the last full minute, or in the one before when this one has just ended. */
  const served = async (count: number, status_code: number): Promise<void> => {
    const minuteAgo = { at: new Date(Date.now() - 60_000).toISOString() };
    const answer = await balancer(at.app).post(
      '/internal/logs?durable=true',
      records(count, { ...minuteAgo, status_code }),
    );
    expect(answer).toMatchObject({ status: 200, body: { accepted: count } });
  };

  it('tells of too many requests that fail', async () => {
    await ask('error_rate', { percent: 20, minutes: 3, min_requests: 50 });
    await served(39, 200);
    await served(10, 429);
    expect(await at.alerts()).toEqual([]);
    await served(1, 404);
    expect(await at.alerts()).toMatchObject([
      { event: 'error_rate', state: 'firing', data: { requests: 50, errors: 11, percent: 22 } },
    ]);
  });

  it('tells of too many server errors, and not of errors that clients made', async () => {
    await ask('server_errors', { count: 5, minutes: 3 });
    await served(4, 502);
    await served(20, 404);
    expect(await at.alerts()).toEqual([]);
    await served(1, 500);
    expect(await at.alerts()).toMatchObject([{ event: 'server_errors', data: { requests: 25, server_errors: 5 } }]);
  });

  it('tells of both by the same requests', async () => {
    const conditions = {
      error_rate: { percent: 20, minutes: 3, min_requests: 5 },
      server_errors: { count: 5, minutes: 3 },
    };
    await at.put({ events: ['server_errors', 'error_rate'], conditions });
    await served(4, 502);
    expect(await at.alerts()).toEqual([]);
    await served(1, 502);
    expect(await at.alerts()).toMatchObject([{ event: 'error_rate' }, { event: 'server_errors' }]);
  });

  it('tells once a period of a key that has used much of its quota', async () => {
    await ask('quota_threshold', { percent: 80 });
    const master = await aMaster(at.app);
    const key = await aKey(at.app, master.id, { quota_limit: 10, quota_reset_type: 'daily' });
    const spend = (quota_units: number): Promise<Json> =>
      settled(at.app, aBatch({ key_id: key.id, requests: 1, quota_units }));
    await spend(7);
    expect(await at.alerts()).toEqual([]);
    await spend(1);
    const told = [{ event: 'quota_threshold', data: { key_id: key.id, quota_limit: 10, quota_used: 8 } }];
    expect(await at.alerts()).toMatchObject(told);
    await spend(1);
    expect(await at.alerts()).toMatchObject(told);
  });

  it('tells of a key whose quota an operator has made so small, or so used', async () => {
    await ask('quota_threshold', { percent: 80 });
    const { id: master } = await aMaster(at.app);
    const [lowered, set, raised] = [
      await aKey(at.app, master, { quota_limit: 100, quota_used: 8 }),
      await aKey(at.app, master, { quota_limit: 10 }),
      await aKey(at.app, master, { quota_limit: 10 }),
    ];
    const patch = (key: { id: number }, fields: object) =>
      at.app.admin.patch(`/admin/masters/${master}/keys/${key.id}`, fields);
    await patch(lowered, { quota_limit: 10 });
    await patch(raised, { quota_limit: 20 });
    expect(await at.alerts()).toMatchObject([{ data: { key_id: lowered.id, quota_used: 8 } }]);
    await patch(set, { quota_used: 9 });
    expect(await at.alerts()).toMatchObject([{ data: { key_id: set.id } }, { data: { key_id: lowered.id } }]);
  });

  it('of a quota is not lost when it can’t be written down at once', async () => {
    await ask('quota_threshold', { percent: 80 });
    const key = await aKey(at.app, (await aMaster(at.app)).id, { quota_limit: 10 });
    await settled(at.app, aBatch({ key_id: key.id, quota_units: 9 }));
    await at.app.db.query('ALTER TABLE webhook_alerts RENAME TO away');
    await at.watch.look();
    await at.app.db.query('ALTER TABLE away RENAME TO webhook_alerts');
    expect(await at.alerts()).toMatchObject([{ data: { key_id: key.id } }]);
  });

  it('tells of a queue of log records that fills', async () => {
    await ask('log_queue_pressure', { percent: 50 });
    await balancer(at.app).post('/internal/logs', records(49));
    expect(await at.alerts()).toEqual([]);
    await balancer(at.app).post('/internal/logs', records(1));
    expect(await at.alerts()).toMatchObject([{ event: 'log_queue_pressure', data: { records: 50, capacity: 100 } }]);
  });
});
