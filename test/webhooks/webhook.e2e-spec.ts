import { describe, expect, it } from '@jest/globals';
import { createHmac } from 'node:crypto';
import { alerted } from './alerted.js';
import { PATH, Receiver, SECRET } from './receiver.js';

describe('the webhook of alerts', () => {
  const at = alerted();

  describe('as a setting', () => {
    it('is none, until somebody makes it', async () => {
      expect((await at.app.admin.get(PATH)).status).toBe(404);
      expect((await at.app.admin.post(`${PATH}/test`)).status).toBe(404);
      expect((await at.app.admin.delete(PATH)).status).toBe(404);
    });

    it('shows all but its secret, with the conditions in force', async () => {
      const answer = await at.put({ events: ['sync_lag'], conditions: { sync_lag: { seconds: 3 } } });
      expect(answer).toMatchObject({ status: 200, body: { url: at.receiver.url, hint: '…iver', status: 'active' } });
      const { body } = await at.app.admin.get(PATH);
      expect(body).toMatchObject({ events: ['sync_lag'], conditions: { sync_lag: { seconds: 3 } } });
      expect(body.conditions.error_rate).toEqual({ percent: 10, minutes: 5, min_requests: 50 });
      const logged = await at.app.admin.get('/admin/operation-logs?resource=log%20webhook');
      expect(logged.body.data[0]).toMatchObject({ action: 'create', after: { url: at.receiver.url } });
      const stored = await at.app.db.query('SELECT secret FROM log_webhooks');
      expect(JSON.stringify([body, logged.body, stored, at.app.logs])).not.toContain(SECRET);
    });

    it('keeps its secret when it is changed without one', async () => {
      await at.put();
      expect(await at.app.admin.put(PATH, { url: at.receiver.url, events: ['error_rate'] })).toMatchObject({
        status: 200,
      });
      await at.app.admin.post(`${PATH}/test`);
      expect(isSigned(at.receiver)).toBe(true);
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
      const { status, body } = await at.put(fields);
      expect([status, body.errors[0].pointer]).toEqual([400, pointer]);
      expect((await at.app.admin.get(PATH)).status).toBe(404);
    });
  });

  describe('when it is tested', () => {
    it('sends at once, signed over the time and the body', async () => {
      await at.put();
      const { status, body } = await at.app.admin.post(`${PATH}/test`);
      expect([status, body]).toMatchObject([
        200,
        { event: 'test', status: 'delivered', attempts: 1, last_status: 200 },
      ]);
      expect(at.receiver.received[0]).toMatchObject({
        headers: { 'content-type': 'application/json', 'ez-webhook-event': 'test', 'ez-webhook-id': body.event_id },
        body: { id: body.event_id, event: 'test' },
      });
      expect(isSigned(at.receiver)).toBe(true);
    });

    it.each([
      [500, 'Answered 500'],
      [302, 'Answered 302'],
      [0, 'No answer within 5 s'],
    ])('says why it was not delivered when the at.receiver answers %s', async (answer, last_error) => {
      await at.put();
      at.receiver.answers = answer;
      const { body } = await at.app.admin.post(`${PATH}/test`);
      expect(body).toMatchObject({
        status: 'dead',
        attempts: 1,
        last_error,
        delivered_at: null,
        next_attempt_at: null,
      });
      expect(at.receiver.received).toHaveLength(1);
    });

    it('says so when nobody listens', async () => {
      await at.put();
      await at.receiver.stop();
      expect((await at.app.admin.post(`${PATH}/test`)).body).toMatchObject({ last_error: 'ECONNREFUSED' });
      at.receiver = await Receiver.start();
    });
  });
});

/** What a receiver does with each call. */
function isSigned({ received }: Receiver): boolean {
  return received.every(({ headers, text }) => {
    const signed = `${String(headers['ez-webhook-timestamp'])}.${text}`;
    return headers['ez-webhook-signature'] === `v1=${createHmac('sha256', SECRET).update(signed).digest('hex')}`;
  });
}
