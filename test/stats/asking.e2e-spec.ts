import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { LogDatabase } from '../../src/log-database/log-database.js';
import { DAY_MS } from '../../src/modules/stats/rollup-tables.js';
import { startApp, type TestApp } from '../support/app.js';
import type { Json } from '../support/http.js';
import { askStats, FROM, iso, TODAY } from './asking.js';
import { aRecord, store, takeRecordsOfAnyTime } from './records.js';

describe('asking for statistics', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
    await takeRecordsOfAnyTime(app.nest.get(LogDatabase).writes);
  });
  afterAll(() => app.close());

  const stats = (query: Record<string, string | number>): Promise<Json> => askStats(app.admin, query);

  it.each([
    [{ interval: 'minute', from: iso(TODAY - 2 * DAY_MS - 1000) }, '/from'],
    [{ interval: 'hour', from: iso(TODAY - 32 * DAY_MS) }, '/from'],
    [{ interval: 'day', from: iso(TODAY - 367 * DAY_MS) }, '/from'],
    [{ from: iso(TODAY), to: iso(TODAY) }, '/from'],
    [{ from: '1969-12-31T23:59:59Z', to: '1970-01-02T00:00:00Z', group_by: 'key' }, '/from'],
    [{ from: '9999-12-30T00:00:00Z', to: '9999-12-31T23:00:00Z' }, '/to'],
    [{ interval: 'minute', from: iso(TODAY - 2 * DAY_MS), group_by: 'key', top: 7 }, '/top'],
    [{ timezone: 'Mars/Olympus' }, '/timezone'],
    [{ timezone: '+05:30' }, '/timezone'],
    [{ interval: 'week' }, '/interval'],
    [{ group_by: 'client_ip' }, '/group_by'],
    [{ top: 101 }, '/top'],
    [{ from: 'yesterday' }, '/from'],
    [{ colour: 'red' }, '/colour'],
  ])('refuse %j', async (query, pointer) => {
    expect(await stats(query)).toEqual({ status: 400, pointers: [pointer] });
  });

  it('begin with 1970', async () => {
    const query = { from: '1970-01-01T00:00:00Z', to: '1970-01-02T00:00:00Z', group_by: 'key' };
    for (const timezone of ['UTC', 'Asia/Kolkata', 'America/New_York']) {
      expect((await stats({ ...query, timezone })).totals.requests).toBe(0);
    }
    const last = { from: '9999-11-30T00:00:00Z', to: '9999-12-01T00:00:00Z', group_by: 'key' };
    expect((await stats(last)).totals.requests).toBe(0);
  });

  it('answer the widest ranges that are allowed', async () => {
    expect((await stats({ from: iso(TODAY - 366 * DAY_MS) })).series).toHaveLength(366);
    expect((await stats({ from: iso(TODAY - 31 * DAY_MS), interval: 'hour' })).series).toHaveLength(744);
    expect((await stats({ from: iso(TODAY - 2 * DAY_MS), interval: 'minute' })).series).toHaveLength(2_880);
  });

  it('show a master only its own, and nothing of providers', async () => {
    const { body } = await app.admin.post('/admin/masters', { name: 'tenant' });
    const own = app.anyone.as(body.master_key);
    await store(app.nest.get(LogDatabase).writes, [
      aRecord({ at: new Date(FROM), master_id: body.id, key_id: 900, model: 'tenant' }),
      aRecord({ at: new Date(FROM), master_id: body.id + 1, key_id: 901, model: 'tenant' }),
    ]);
    for (const path of ['/v1/stats', '/v1/logs/stats']) {
      const { totals, groups } = await askStats(own, { group_by: 'key' }, path);
      expect(totals.requests).toBe(1);
      expect(groups.map(({ value }: Json) => value)).toEqual([900]);
      expect((await askStats(own, { key_id: 901 }, path)).totals.requests).toBe(0);
      expect(await askStats(own, { group_by: 'provider' }, path)).toEqual({ status: 400, pointers: ['/group_by'] });
      expect(await askStats(own, { provider_id: 1 }, path)).toEqual({ status: 400, pointers: ['/provider_id'] });
      expect(await askStats(own, { master_id: 1 }, path)).toEqual({ status: 400, pointers: ['/master_id'] });
    }
  });

  it('is refused to a master that asks without end, while operators are answered', async () => {
    const { body } = await app.admin.post('/admin/masters', { name: 'eager' });
    const own = app.anyone.as(body.master_key);
    const holder = await app.nest.get(LogDatabase).writes.connect();
    await holder.query('BEGIN; LOCK TABLE logs.rollup_hours IN ACCESS EXCLUSIVE MODE');
    const answers = Array.from({ length: 40 }, () => own.get('/v1/stats?interval=hour'));
    const refused = await Promise.any(
      answers.map(async (answer) => {
        expect((await answer).status).toBe(429);
        return answer;
      }),
    );
    expect(refused.headers.get('retry-after')).toBe('1');
    expect((await stats({ interval: 'day' })).series).toHaveLength(5);
    await holder.query('ROLLBACK');
    holder.release();
    await Promise.all(answers);
    expect((await own.get('/v1/stats?interval=hour')).status).toBe(200);
  });

  it('are open to tokens with the scope of statistics, or that of logs', async () => {
    for (const [scope, path] of [
      ['stats:read', '/admin/stats'],
      ['logs:read', '/admin/logs/stats'],
    ] as const) {
      const { body } = await app.admin.post('/admin/tokens', { name: scope.replace(':', '-'), scopes: [scope] });
      const other = path === '/admin/stats' ? '/admin/logs/stats' : '/admin/stats';
      expect((await app.anyone.as(body.token).get(path)).status).toBe(200);
      expect((await app.anyone.as(body.token).get(other)).status).toBe(403);
    }
  });
});
