import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { parseRedisAddr } from '../../src/config/redis-addr.js';
import { AlertSources } from '../../src/modules/webhooks/alert-sources.service.js';
import { AlertWatch } from '../../src/modules/webhooks/alert-watch.js';
import { startApp, type TestApp } from '../support/app.js';
import { requiredEnvironment } from '../support/environment.js';
import { anApiKey, aProviderGroup } from '../support/gateway.js';
import type { Json } from '../support/http.js';
import { until } from '../support/launcher.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { LOOPBACK, PATH, Receiver, SECRET } from './receiver.js';

describe('the receiver of alerts', () => {
  let app: TestApp;
  let receiver: Receiver;

  beforeAll(async () => {
    app = await startApp(LOOPBACK);
  });
  afterAll(() => app.close());

  beforeEach(async () => {
    receiver = await Receiver.start();
  });
  afterEach(async () => {
    await app.admin.delete(PATH);
    await app.db.query('TRUNCATE webhook_deliveries, webhook_alerts');
    await receiver.stop();
  });

  const watch = (): AlertWatch => app.nest.get(AlertWatch);
  /** For an event that doesn't occur here: the timers run as well. */
  const put = (fields: object = {}) =>
    app.admin.put(PATH, { url: receiver.url, secret: SECRET, events: ['error_rate'], ...fields });
  /** As if so many alerts had been raised. */
  const wait = (count = 1): Promise<unknown> =>
    app.db.query(
      `INSERT INTO webhook_deliveries (event, payload) SELECT 'sync_lag', '{"event":"sync_lag"}' FROM generate_series(1, $1)`,
      [count],
    );
  const deliveries = async (query = ''): Promise<Json[]> =>
    (await app.admin.get(`${PATH}/deliveries${query}`)).body.data;

  /** As if this much time had passed for all that waits. */
  const passTime = (interval: string): Promise<unknown> =>
    app.db.query(
      `UPDATE webhook_deliveries SET next_attempt_at = next_attempt_at - $1::interval, give_up_at = give_up_at - $1::interval`,
      [interval],
    );

  describe('of a banned provider', () => {
    const ban = async (): Promise<Json> => {
      const group = await aProviderGroup(app);
      const { id } = await anApiKey(app, group.id);
      await app.admin.post(`/admin/api-keys/${id}/ban`, { reason: 'too many 401' });
      return id;
    };

    it('is called once, however many look', async () => {
      await put({ events: ['provider_banned'] });
      const id = await ban();
      const other = await startApp({ ...LOOPBACK, EZ_PG_DSN: app.dsn });
      await Promise.all([watch().look(), other.nest.get(AlertWatch).look()]);
      await watch().look();
      await Promise.all([watch().deliver(), other.nest.get(AlertWatch).deliver()]);
      await other.close();
      const mine = receiver.received.filter(({ body }) => body.data.api_key_id === id);
      expect(mine.map(({ body }) => body)).toMatchObject([
        { event: 'provider_banned', state: 'firing', data: { reason: 'too many 401' } },
      ]);
    });

    it('is not called for an event that it did not ask for, nor while it is disabled', async () => {
      await put();
      await ban();
      await watch().look();
      await put({ status: 'disabled' });
      await watch().look();
      await watch().deliver();
      expect(receiver.received).toEqual([]);
    });
  });

  describe('of a trouble that lasts', () => {
    let isTrouble: boolean;

    beforeEach(async () => {
      isTrouble = true;
      app.nest.get(AlertSources).register({
        events: ['log_queue_pressure'],
        find: () => Promise.resolve(isTrouble ? [{ key: 'queue:here', lasting: true, data: { percent: 93 } }] : []),
      });
      await put({ events: ['log_queue_pressure'] });
    });

    const silence = (): Promise<unknown> =>
      app.db.query(`UPDATE webhook_alerts SET seen_at = now() - interval '2 minutes'`);

    it('is called when it begins and when it is over, and again when it comes back', async () => {
      await watch().look();
      await watch().look();
      isTrouble = false;
      await silence();
      await watch().look();
      isTrouble = true;
      await watch().look();
      const states = (await deliveries()).map(({ payload }) => payload.state);
      expect(states).toEqual(['firing', 'resolved', 'firing']);
    });
  });

  describe('that does not answer well', () => {
    beforeEach(async () => {
      await put();
      receiver.answers = 503;
      await wait();
      await watch().deliver();
      await app.db.query(`UPDATE webhook_deliveries SET next_attempt_at = now() + interval '1 hour'`);
    });

    it('is called again, later, under the same id', async () => {
      await watch().deliver();
      expect(receiver.received).toHaveLength(1);
      receiver.answers = 204;
      await passTime('2 hours');
      await watch().deliver();
      const [first, second] = receiver.received.map(({ headers }) => headers['ez-webhook-id']);
      expect([receiver.received.length, second]).toEqual([2, first]);
      expect(await deliveries('?status=delivered')).toMatchObject([
        { attempts: 2, last_status: 204, last_error: null },
      ]);
    });

    it('is given up after a day, and can be called again by hand', async () => {
      await passTime('25 hours');
      await watch().deliver();
      const [dead] = await deliveries('?status=dead');
      expect(dead).toMatchObject({ attempts: 2, next_attempt_at: null, last_error: 'Answered 503' });
      receiver.answers = 200;
      const replayed = await app.admin.post(`${PATH}/deliveries/${dead.id}/replay`);
      expect(replayed).toMatchObject({ status: 200, body: { status: 'pending' } });
      await watch().deliver();
      expect((await app.admin.get(`${PATH}/deliveries/${dead.id}`)).body).toMatchObject({ status: 'delivered' });
    });

    it('is called again after a crash in the middle of an attempt', async () => {
      await app.db.query(`UPDATE webhook_deliveries SET attempts = 2, next_attempt_at = now() + interval '30 seconds'`);
      await watch().deliver();
      expect(receiver.received).toHaveLength(1);
      await passTime('31 seconds');
      await watch().deliver();
      expect(receiver.received).toHaveLength(2);
    });

    it('is not called any more once another has taken its place, or none', async () => {
      const next = await Receiver.start();
      receiver.answers = 200;
      receiver.whenCalled = () => put({ url: next.url });
      await wait(10);
      await watch().deliver();
      expect(receiver.received.length).toBeLessThan(10);
      expect(next.received.length).toBeGreaterThan(0);
      await next.stop();
    });

    it('keeps what waits while there is no receiver, until it is too old', async () => {
      await app.admin.delete(PATH);
      await passTime('25 hours');
      await watch().deliver();
      expect(await deliveries()).toMatchObject([{ status: 'pending' }]);
      await put();
      await watch().sweep();
      expect(await deliveries()).toMatchObject([{ status: 'dead' }]);
    });
  });

  it('is called when Redis is behind', async () => {
    const toRedis = await TcpProxy.to(parseRedisAddr(requiredEnvironment('EZ_REDIS_ADDR')).nodes[0]!);
    const behind = await startApp({ ...LOOPBACK, EZ_REDIS_ADDR: `127.0.0.1:${toRedis.port}` });
    const conditions = { sync_lag: { seconds: 1 } };
    await behind.admin.put(PATH, { url: receiver.url, secret: SECRET, events: ['sync_lag'], conditions });
    await behind.sync();
    await toRedis.refuse();
    await behind.admin.post('/admin/namespaces', { name: 'late' });
    await until(async () => {
      await behind.nest.get(AlertWatch).look();
      await behind.nest.get(AlertWatch).deliver();
      return receiver.received.length > 0;
    });
    expect(receiver.received[0]!.body).toMatchObject({ event: 'sync_lag', state: 'firing' });
    expect(receiver.received[0]!.body.data.lag_seconds).toBeGreaterThanOrEqual(1);
    await behind.close();
    await toRedis.close();
  });

  it('lists its deliveries by event and page by page', async () => {
    await put();
    for (let i = 0; i < 3; i++) await app.admin.post(`${PATH}/test`);
    const { body } = await app.admin.get(`${PATH}/deliveries?event=test&page_size=2`);
    expect([body.total, body.data.length, body.page_size]).toEqual([3, 2, 2]);
    expect(await deliveries('?event=sync_lag')).toEqual([]);
    expect((await app.admin.get(`${PATH}/deliveries/999999`)).status).toBe(404);
    expect((await app.admin.post(`${PATH}/deliveries/999999/replay`)).status).toBe(404);
  });
});
