import { beforeEach, describe, expect, it } from '@jest/globals';
import { parseRedisAddr } from '../../src/config/redis-addr.js';
import { AlertWatch } from '../../src/modules/webhooks/alert-watch.js';
import { startApp } from '../support/app.js';
import { requiredEnvironment } from '../support/environment.js';
import { until } from '../support/launcher.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { alerted } from './alerted.js';
import { LOOPBACK, PATH, Receiver, SECRET } from './receiver.js';

describe('the receiver of alerts', () => {
  const at = alerted();

  /** As if so many alerts had been raised. */
  const wait = (count = 1): Promise<unknown> =>
    at.app.db.query(
      `INSERT INTO webhook_deliveries (event, payload) SELECT 'sync_lag', '{"event":"sync_lag"}' FROM generate_series(1, $1)`,
      [count],
    );

  /** As if this much time had passed for all that waits. */
  const passTime = (interval: string): Promise<unknown> =>
    at.app.db.query(
      `UPDATE webhook_deliveries SET next_attempt_at = next_attempt_at - $1::interval, give_up_at = give_up_at - $1::interval`,
      [interval],
    );

  describe('that does not answer well', () => {
    beforeEach(async () => {
      await at.put();
      at.receiver.answers = 503;
      await wait();
      await at.watch.deliver();
      await at.app.db.query(`UPDATE webhook_deliveries SET next_attempt_at = now() + interval '1 hour'`);
    });

    it('is called again, later, under the same id', async () => {
      await at.watch.deliver();
      expect(at.receiver.received).toHaveLength(1);
      at.receiver.answers = 204;
      await passTime('2 hours');
      await at.watch.deliver();
      const [first, second] = at.receiver.received.map(({ headers }) => headers['ez-webhook-id']);
      expect([at.receiver.received.length, second]).toEqual([2, first]);
      expect(await at.deliveries('?status=delivered')).toMatchObject([
        { attempts: 2, last_status: 204, last_error: null },
      ]);
    });

    it('is given up after a day, and can be called again by hand', async () => {
      await passTime('25 hours');
      await at.watch.deliver();
      await at.watch.sweep();
      const [dead] = await at.deliveries('?status=dead');
      expect(dead).toMatchObject({ attempts: 1, next_attempt_at: null, last_error: 'Answered 503' });
      at.receiver.answers = 200;
      const replayed = await at.app.admin.post(`${PATH}/deliveries/${dead.id}/replay`);
      expect(replayed).toMatchObject({ status: 200, body: { status: 'pending' } });
      await at.watch.deliver();
      expect((await at.app.admin.get(`${PATH}/deliveries/${dead.id}`)).body).toMatchObject({ status: 'delivered' });
    });

    it('is called again after a crash in the middle of an attempt', async () => {
      await at.app.db.query(
        `UPDATE webhook_deliveries SET attempts = 2, next_attempt_at = now() + interval '30 seconds'`,
      );
      await at.watch.deliver();
      expect(at.receiver.received).toHaveLength(1);
      await passTime('31 seconds');
      await at.watch.deliver();
      expect(at.receiver.received).toHaveLength(2);
    });

    it('is not called any more once another has taken its place, or none', async () => {
      const next = await Receiver.start();
      at.receiver.answers = 200;
      at.receiver.whenCalled = () => at.put({ url: next.url });
      await wait(10);
      await at.watch.deliver();
      expect(at.receiver.received.length).toBeLessThan(10);
      expect(next.received.length).toBeGreaterThan(0);
      await next.stop();
    });

    it('is given up after a day also when its last attempt is not over by then', async () => {
      await passTime('23 hours 59 minutes 59 seconds');
      await at.app.db.query('UPDATE webhook_deliveries SET next_attempt_at = now(), attempts = 12');
      await at.watch.deliver();
      expect(await at.deliveries()).toMatchObject([{ status: 'dead', attempts: 13 }]);
    });

    it('keeps what waits while there is no receiver, until it is too old', async () => {
      await at.app.admin.delete(PATH);
      await at.watch.sweep();
      expect(await at.deliveries()).toMatchObject([{ status: 'pending' }]);
      await passTime('25 hours');
      await at.watch.sweep();
      expect(await at.deliveries()).toMatchObject([{ status: 'dead' }]);
      await at.app.db.query(`UPDATE webhook_deliveries SET created_at = created_at - interval '31 days'`);
      await at.watch.sweep();
      expect(await at.deliveries()).toEqual([]);
    });

    it('that comes after a day is not told what was for the one before', async () => {
      await at.app.admin.delete(PATH);
      await passTime('25 hours');
      const next = await Receiver.start();
      await at.put({ url: next.url });
      await at.watch.deliver();
      expect(next.received).toEqual([]);
      await next.stop();
    });
  });

  it('is called when Redis is behind', async () => {
    const toRedis = await TcpProxy.to(parseRedisAddr(requiredEnvironment('EZ_REDIS_ADDR')).nodes[0]!);
    const behind = await startApp({ ...LOOPBACK, EZ_REDIS_ADDR: `127.0.0.1:${toRedis.port}` });
    const conditions = { sync_lag: { seconds: 1 } };
    await behind.admin.put(PATH, { url: at.receiver.url, secret: SECRET, events: ['sync_lag'], conditions });
    await behind.sync();
    await toRedis.refuse();
    await behind.admin.post('/admin/namespaces', { name: 'late' });
    await until(async () => {
      await behind.nest.get(AlertWatch).look();
      await behind.nest.get(AlertWatch).deliver();
      return at.receiver.received.length > 0;
    });
    expect(at.receiver.received[0]!.body).toMatchObject({ event: 'sync_lag', state: 'firing' });
    expect(at.receiver.received[0]!.body.data.lag_seconds).toBeGreaterThanOrEqual(1);
    await behind.close();
    await toRedis.close();
  });

  it('lists its deliveries by event and page by page', async () => {
    await at.put();
    for (let i = 0; i < 3; i++) await at.app.admin.post(`${PATH}/test`);
    const { body } = await at.app.admin.get(`${PATH}/deliveries?event=test&page_size=2`);
    expect([body.total, body.data.length, body.page_size]).toEqual([3, 2, 2]);
    expect(await at.deliveries('?event=sync_lag')).toEqual([]);
    expect((await at.app.admin.get(`${PATH}/deliveries/999999`)).status).toBe(404);
    expect((await at.app.admin.post(`${PATH}/deliveries/999999/replay`)).status).toBe(404);
  });
});
