import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createHmac } from 'node:crypto';
import { AlertSources } from '../../src/modules/webhooks/alert-sources.service.js';
import { AlertWatch } from '../../src/modules/webhooks/alert-watch.js';
import { startApp, type TestApp } from '../support/app.js';
import { parseRedisAddr } from '../../src/config/redis-addr.js';
import { requiredEnvironment } from '../support/environment.js';
import { until } from '../support/launcher.js';
import { anApiKey, aProviderGroup } from '../support/gateway.js';
import type { Json } from '../support/http.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { Receiver } from './receiver.js';

const SECRET = 'a-secret-of-the-receiver';
const LOOPBACK = { EZ_OUTBOUND_ALLOW_HTTP: 'true', EZ_OUTBOUND_ALLOW_CIDRS: '127.0.0.0/8' };
const PATH = '/admin/logs/webhook';

describe('the webhook of alerts', () => {
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

  describe('as a setting', () => {
    it('is none, until somebody makes it', async () => {
      expect((await app.admin.get(PATH)).status).toBe(404);
      expect((await app.admin.post(`${PATH}/test`)).status).toBe(404);
      expect((await app.admin.delete(PATH)).status).toBe(404);
    });

    it('shows all but its secret, with the conditions in force', async () => {
      const answer = await put({ events: ['sync_lag'], conditions: { sync_lag: { seconds: 3 } } });
      expect(answer).toMatchObject({ status: 200, body: { url: receiver.url, hint: '…iver', status: 'active' } });
      const { body } = await app.admin.get(PATH);
      expect(body).toMatchObject({ events: ['sync_lag'], conditions: { sync_lag: { seconds: 3 } } });
      expect(body.conditions.error_rate).toEqual({ percent: 10, minutes: 5, min_requests: 50 });
      const logged = await app.admin.get('/admin/operation-logs?resource=log%20webhook');
      expect(logged.body.data[0]).toMatchObject({ action: 'create', after: { url: receiver.url } });
      const stored = await app.db.query('SELECT secret FROM log_webhooks');
      expect(JSON.stringify([body, logged.body, stored, app.logs])).not.toContain(SECRET);
    });

    it('keeps its secret when it is changed without one', async () => {
      await put();
      expect(await app.admin.put(PATH, { url: receiver.url, events: ['error_rate'] })).toMatchObject({ status: 200 });
      await app.admin.post(`${PATH}/test`);
      expect(isSigned(receiver)).toBe(true);
    });

    it.each([
      ['a private address', { url: 'https://10.0.0.1/' }, '/url'],
      ['the metadata service', { url: 'http://[::ffff:169.254.169.254]/' }, '/url'],
      ['another scheme', { url: 'ftp://example.com/' }, '/url'],
      ['no secret the first time', { secret: undefined }, '/secret'],
      ['a short secret', { secret: 'short' }, '/secret'],
      ['an event that there is not', { events: ['coffee'] }, '/events'],
      ['no events', { events: [] }, '/events'],
      ['a condition that there is not', { conditions: { moon: {} } }, '/conditions/moon'],
      ['an incomplete condition', { conditions: { error_rate: { percent: 3 } } }, '/conditions/error_rate/minutes'],
      ['a list for a condition', { conditions: { sync_lag: [] } }, '/conditions/sync_lag'],
    ])('is refused with %s', async (_, fields, pointer) => {
      const { status, body } = await put(fields);
      expect([status, body.errors[0].pointer]).toEqual([400, pointer]);
      expect((await app.admin.get(PATH)).status).toBe(404);
    });
  });

  describe('when it is tested', () => {
    it('sends at once, signed over the time and the body', async () => {
      await put();
      const { status, body } = await app.admin.post(`${PATH}/test`);
      expect([status, body]).toMatchObject([
        200,
        { event: 'test', status: 'delivered', attempts: 1, last_status: 200 },
      ]);
      expect(receiver.received[0]).toMatchObject({
        headers: { 'content-type': 'application/json', 'ez-webhook-event': 'test', 'ez-webhook-id': body.event_id },
        body: { id: body.event_id, event: 'test' },
      });
      expect(isSigned(receiver)).toBe(true);
    });

    it.each([
      [500, 'Answered 500'],
      [302, 'Answered 302'],
      [0, 'No answer within 5 s'],
    ])('says why it was not delivered when the receiver answers %s', async (answer, last_error) => {
      await put();
      receiver.answers = answer;
      const { body } = await app.admin.post(`${PATH}/test`);
      expect(body).toMatchObject({
        status: 'dead',
        attempts: 1,
        last_error,
        delivered_at: null,
        next_attempt_at: null,
      });
      expect(receiver.received).toHaveLength(1);
    });

    it('says so when nobody listens', async () => {
      await put();
      await receiver.stop();
      expect((await app.admin.post(`${PATH}/test`)).body).toMatchObject({ last_error: 'ECONNREFUSED' });
      receiver = await Receiver.start();
    });
  });

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

/** What a receiver does with each call. */
function isSigned({ received }: Receiver): boolean {
  return received.every(({ headers, text }) => {
    const signed = `${String(headers['ez-webhook-timestamp'])}.${text}`;
    return headers['ez-webhook-signature'] === `v1=${createHmac('sha256', SECRET).update(signed).digest('hex')}`;
  });
}
