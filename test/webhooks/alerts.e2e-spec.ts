import { beforeEach, describe, expect, it } from '@jest/globals';
import { BanSweeper } from '../../src/modules/api-keys/ban-sweeper.js';
import { AlertSources } from '../../src/modules/webhooks/alert-sources.service.js';
import { AlertWatch } from '../../src/modules/webhooks/alert-watch.js';
import { startApp } from '../support/app.js';
import { anApiKey, aProviderGroup } from '../support/gateway.js';
import type { Json } from '../support/http.js';
import { alerted } from './alerted.js';
import { LOOPBACK } from './receiver.js';

describe('the receiver of alerts', () => {
  const at = alerted();

  describe('of a trouble that lasts', () => {
    let isTrouble: boolean;
    let isKnown: boolean;

    beforeEach(async () => {
      isTrouble = isKnown = true;
      at.app.nest.get(AlertSources).register({
        events: ['log_queue_pressure'],
        find: () =>
          isKnown
            ? Promise.resolve(isTrouble ? [{ key: 'queue:here', lasting: true, data: { percent: 93 } }] : [])
            : Promise.reject(new Error('nobody knows')),
      });
      await at.put({ events: ['log_queue_pressure'] });
    });

    const silence = (): Promise<unknown> =>
      at.app.db.query(`UPDATE webhook_alerts SET seen_at = now() - interval '2 minutes'`);

    it('is called when it begins and when it is over, and again when it comes back', async () => {
      await at.watch.look();
      await at.watch.look();
      isTrouble = false;
      await silence();
      await at.watch.look();
      isTrouble = true;
      await at.watch.look();
      const states = (await at.deliveries()).map(({ payload }) => payload.state);
      expect(states).toEqual(['firing', 'resolved', 'firing']);
    });

    it('is not told that it is over while nobody can look', async () => {
      await at.watch.look();
      isKnown = isTrouble = false;
      await silence();
      const warned = (): number => at.app.logs.filter((line) => line.includes('nobody knows')).length;
      for (let n = 0; n < 3; n++) await at.watch.look();
      expect((await at.deliveries()).map(({ payload }) => payload.state)).toEqual(['firing']);
      expect(warned()).toBe(1);
      isKnown = true;
      await at.watch.look();
      expect((await at.deliveries()).map(({ payload }) => payload.state)).toEqual(['resolved', 'firing']);
    });
  });

  describe('of a banned provider', () => {
    const aProvider = async (fields: object = {}): Promise<number> =>
      (await anApiKey(at.app, (await aProviderGroup(at.app)).id, fields)).id;
    const ban = async (reason = 'too many 401'): Promise<number> => {
      const id = await aProvider();
      expect((await at.app.admin.post(`/admin/api-keys/${id}/ban`, { reason })).status).toBe(200);
      return id;
    };
    /** Of others too, for what was told of in an earlier test is told again. */
    const told = async (id: number): Promise<Json[]> =>
      (await at.alerts()).filter(({ data }) => data.api_key_id === id).map(({ data }) => data.reason);

    it('is called once, however many look', async () => {
      await at.put({ events: ['provider_banned'] });
      const id = await ban();
      const other = await startApp({ ...LOOPBACK, EZ_PG_DSN: at.app.dsn });
      await Promise.all([at.watch.look(), other.nest.get(AlertWatch).look()]);
      await at.watch.look();
      await Promise.all([at.watch.deliver(), other.nest.get(AlertWatch).deliver()]);
      await other.close();
      const mine = at.receiver.received.filter(({ body }) => body.data.api_key_id === id);
      expect(mine.map(({ body }) => body)).toMatchObject([
        { event: 'provider_banned', state: 'firing', data: { reason: 'too many 401' } },
      ]);
    });

    it('is called whichever way it was banned, and not when it was disabled or has expired', async () => {
      await at.put({ events: ['provider_banned'] });
      const [one, two, three] = [await aProvider(), await aProvider(), await aProvider()];
      await at.app.admin.patch(`/admin/api-keys/${one}`, { status: 'auto_disabled' });
      const update = [{ id: two, status: 'auto_disabled' }];
      expect((await at.app.admin.post('/admin/api-keys/batch', { update })).status).toBe(200);
      await at.app.admin.patch(`/admin/api-keys/${three}`, { status: 'manual_disabled' });
      const four = await aProvider({ expires_at: '2026-01-01T00:00:00Z' });
      await at.app.nest.get(BanSweeper).sweep();
      expect((await at.app.admin.get(`/admin/api-keys/${four}`)).body.ban_reason).toBe('expired');
      await at.app.admin.patch(`/admin/api-keys/${one}`, { weight: 2 });
      expect(await Promise.all([one, two, three, four].map(told))).toEqual([[''], [''], [], []]);
    });

    it('gets, as everybody does, no credential that the upstream has repeated', async () => {
      await at.put({ events: ['provider_banned'] });
      const secret = `sk-proj-${'a1b2'.repeat(6)}`;
      const id = await ban(`Incorrect API key provided: ${secret}.`);
      expect(await told(id)).toEqual(['Incorrect API key provided: sk-***']);
      const { body } = await at.app.admin.get(`/admin/api-keys/${id}`);
      const logged = await at.app.admin.get(`/admin/operation-logs?resource=api%20key&resource_id=${id}`);
      const rows = await at.app.db.query('SELECT * FROM api_keys');
      expect(body.ban_reason).toBe('Incorrect API key provided: sk-***');
      expect(JSON.stringify([logged.body, rows])).not.toContain(secret);
    });

    it('is not called for an event that it did not ask for, nor while it is disabled', async () => {
      await at.put();
      await ban();
      await at.watch.look();
      await at.put({ status: 'disabled' });
      await at.watch.look();
      await at.watch.deliver();
      expect(at.receiver.received).toEqual([]);
    });
  });
});
