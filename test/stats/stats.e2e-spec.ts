import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { LogRecord } from '../../src/log-database/log-record.js';
import { LogDatabase } from '../../src/log-database/log-database.js';
import { Compactor } from '../../src/modules/stats/compactor.js';
import { ERROR_BOUND } from '../../src/modules/stats/histogram.js';
import { RollupRetention } from '../../src/modules/stats/rollup-retention.js';
import { DAY_MS, HOUR_MS } from '../../src/modules/stats/rollup-tables.js';
import { startApp, type TestApp } from '../support/app.js';
import type { Http, Json } from '../support/http.js';
import { aRecord, randomRecords, store, takeRecordsOfAnyTime } from './records.js';

const TODAY = Math.floor(Date.now() / DAY_MS) * DAY_MS;
const FROM = TODAY - 5 * DAY_MS;
const iso = (at: number): string => new Date(at).toISOString();

describe('statistics', () => {
  let app: TestApp;
  let records: LogRecord[];

  beforeAll(async () => {
    app = await startApp();
    const { writes } = app.nest.get(LogDatabase);
    await takeRecordsOfAnyTime(writes);
    records = randomRecords(2_000, 7, { from: new Date(FROM), to: new Date(TODAY) });
    await store(writes, records.slice(0, 1_000));
    await app.nest.get(Compactor).run();
    // These wait to be compacted, unless that happens meanwhile.
    await store(writes, records.slice(1_000));
  });
  afterAll(() => app.close());

  async function stats(
    query: Record<string, string | number>,
    http: Http = app.admin,
    path = '/admin/stats',
  ): Promise<Json> {
    const range = { from: iso(FROM), to: iso(TODAY), interval: 'day' };
    const search = new URLSearchParams({ ...range, ...query });
    const { status, body } = await http.get(`${path}?${search.toString()}`);
    if (status !== 200) return { status, pointers: body.errors?.map(({ pointer }: Json) => pointer) };
    return body;
  }

  /** What the answer must be, counted from the records themselves. */
  function counted(some: readonly LogRecord[]): Json {
    const sum = (field: 'input_tokens' | 'output_tokens' | 'cached_tokens' | 'cost_nano_usd'): number =>
      some.reduce((total, record) => total + record[field], 0);
    const errors = some.filter(({ status_code }) => status_code >= 400 || status_code === 0).length;
    return {
      requests: some.length,
      errors,
      error_rate: some.length === 0 ? null : errors / some.length,
      input_tokens: sum('input_tokens'),
      output_tokens: sum('output_tokens'),
      cached_tokens: sum('cached_tokens'),
      cost_usd: sum('cost_nano_usd') / 1e9,
    };
  }

  const percentile = (some: readonly LogRecord[], field: 'latency_ms' | 'ttft_ms', q: number): number | null => {
    const values = some.flatMap((record) => record[field] ?? []).toSorted((a, b) => a - b);
    return values[Math.max(0, Math.ceil(values.length * q) - 1)] ?? null;
  };

  const between = (some: readonly LogRecord[], from: number, to: number): LogRecord[] =>
    some.filter(({ at }) => at.getTime() >= from && at.getTime() < to);

  it('are the sums of the records, by bucket and altogether', async () => {
    const { totals, series, resolution, exact_since } = await stats({});
    expect({ resolution, exact_since }).toEqual({ resolution: 'day', exact_since: null });
    expect(totals).toMatchObject(counted(records));
    expect(series.map(({ at }: Json) => at)).toEqual([0, 1, 2, 3, 4].map((n) => iso(FROM + n * DAY_MS)));
    for (const point of series) {
      const at = Date.parse(point.at);
      expect(point).toMatchObject(counted(between(records, at, at + DAY_MS)));
    }
  });

  it('estimate percentiles within the bound', async () => {
    const { totals } = await stats({});
    for (const field of ['latency_ms', 'ttft_ms'] as const) {
      for (const [name, q] of [
        ['p50', 0.5],
        ['p95', 0.95],
        ['p99', 0.99],
      ] as const) {
        // What takes longer than the last bucket begins counts as that.
        const exact = Math.min(percentile(records, field, q)!, 2 ** 20);
        expect(Math.abs(totals[field][name] - exact)).toBeLessThanOrEqual(exact * ERROR_BOUND + 1);
      }
    }
  });

  const GROUPINGS = [
    ['master', 'master_id'],
    ['key', 'key_id'],
    ['provider', 'provider_id'],
    ['model', 'model'],
    ['namespace', 'namespace'],
  ] as const;

  it.each(GROUPINGS)('are the same by %s, in every interval', async (group_by, field) => {
    const queries: Record<string, string>[] = [
      { interval: 'day' },
      { interval: 'hour' },
      { interval: 'minute', from: iso(TODAY - DAY_MS) },
    ];
    for (const query of queries) {
      const { groups, from, to } = await stats({ ...query, group_by, top: 10 });
      const inRange = between(records, Date.parse(from), Date.parse(to));
      const named = groups.filter(({ is_other }: Json) => !is_other);
      for (const { value, totals } of named) {
        expect(totals).toMatchObject(counted(inRange.filter((record) => record[field] === value)));
      }
      expect(groups.reduce((sum: number, { totals }: Json) => sum + totals.requests, 0)).toBe(inRange.length);
    }
  });

  it('are the same with filters of every kind together', async () => {
    const filters: [Record<string, string | number>, (record: LogRecord) => boolean][] = [
      [{ master_id: 102 }, ({ master_id }) => master_id === 102],
      [{ key_id: 4 }, ({ key_id }) => key_id === 4],
      [{ provider_id: 3, model: 'claude' }, (r) => r.provider_id === 3 && r.model === 'claude'],
      [{ group_id: 1, status: '5xx' }, (r) => r.group_id === 1 && r.status_code >= 500],
      [{ master_id: 101, namespace: 'a"\\{,}' }, (r) => r.master_id === 101 && r.namespace === 'a"\\{,}'],
      [
        { key_id: 5, provider_id: 1, model: 'm,{}"' },
        (r) => r.key_id === 5 && r.provider_id === 1 && r.model === 'm,{}"',
      ],
    ];
    for (const [query, matches] of filters) {
      const { totals } = await stats(query);
      expect({ query, ...totals }).toMatchObject({ query, ...counted(records.filter(matches)) });
    }
  });

  it('show the busiest in order, and the rest as one', async () => {
    const { groups, totals } = await stats({ group_by: 'key', top: 2 });
    expect(groups.map(({ is_other }: Json) => is_other)).toEqual([false, false, true]);
    expect(groups[0].totals.requests).toBeGreaterThanOrEqual(groups[1].totals.requests);
    const shown = new Set(groups.slice(0, 2).map(({ value }: Json) => value));
    const others = records.filter(({ key_id }) => !shown.has(key_id));
    expect(groups[2]).toMatchObject({ value: null, totals: counted(others) });
    expect(groups[2].totals.latency_ms.p50).toBeLessThan(totals.latency_ms.p99);
    const byStatus = (await stats({ group_by: 'status' })).groups;
    expect(new Set(byStatus.map(({ value }: Json) => value))).toEqual(new Set(['2xx', '3xx', '4xx', '5xx', null]));
  });

  it.each(['America/New_York', 'Asia/Kolkata', 'Asia/Kathmandu'])('have the days of %s', async (timezone) => {
    const { series, from, to } = await stats({ timezone });
    const edges = [...series.map(({ at }: Json) => Date.parse(at)), Date.parse(to)];
    expect(edges[0]).toBe(Date.parse(from));
    const midnight = new Intl.DateTimeFormat('en-GB', { timeZone: timezone, hour: '2-digit', minute: '2-digit' });
    expect(edges.map((edge) => midnight.format(edge))).toEqual(edges.map(() => '00:00'));
    for (const [i, point] of series.entries()) {
      expect(point).toMatchObject(counted(between(records, edges[i], edges[i + 1])));
    }
  });

  it('have one day of 25 hours in New York, and one of 23', async () => {
    const { writes } = app.nest.get(LogDatabase);
    const [year, past] = [new Date(TODAY).getUTCFullYear(), (at: number) => at < TODAY - 10 * DAY_MS];
    const changes = [Date.UTC(year - 1, 10, 1), Date.UTC(year, 2, 1), Date.UTC(year, 10, 1)].filter(past);
    for (const month of changes) {
      const days = (await stats({ from: iso(month), to: iso(month + 16 * DAY_MS), timezone: 'America/New_York' }))
        .series;
      const starts = days.map(({ at }: Json) => Date.parse(at));
      const odd = starts.findIndex((at: number, i: number) => i > 0 && at - starts[i - 1]! !== DAY_MS) - 1;
      const own = [starts[odd]! + 1_000, starts[odd + 1]! - HOUR_MS, starts[odd + 1]!];
      // Hours that old may be gone, and then the days are those of UTC.
      if (month < TODAY - 170 * DAY_MS) continue;
      await store(
        writes,
        own.map((at) => aRecord({ at: new Date(at), model: 'clocks' })),
      );
      const { series } = await stats({
        from: iso(month),
        to: iso(month + 16 * DAY_MS),
        timezone: 'America/New_York',
        model: 'clocks',
      });
      expect(series.slice(odd, odd + 2).map(({ requests }: Json) => requests)).toEqual([2, 1]);
    }
    expect(changes.length).toBeGreaterThan(0);
  });

  it('say since when they are exact where roll-ups that fit are gone', async () => {
    const old = TODAY - 60 * DAY_MS;
    await store(app.nest.get(LogDatabase).writes, [aRecord({ at: new Date(old + 12 * HOUR_MS), model: 'old' })]);
    const query = { from: iso(old), to: iso(old + DAY_MS), model: 'old' };
    expect(await stats({ ...query, timezone: 'America/New_York' })).toMatchObject({
      exact_since: null,
      resolution: 'hour',
    });
    await app.nest.get(Compactor).run();
    const kolkata = await stats({ ...query, timezone: 'Asia/Kolkata' });
    expect(kolkata.totals.requests).toBe(1);
    expect(Date.parse(kolkata.exact_since)).toBeGreaterThan(old);
    expect((await stats({ ...query, interval: 'minute' })).totals.requests).toBe(0);
  });

  it('count a record as soon as it is stored', async () => {
    const query = { from: iso(Date.now() - HOUR_MS), to: iso(Date.now() + HOUR_MS), interval: 'minute', model: 'now' };
    expect((await stats(query)).totals).toMatchObject({ requests: 0, error_rate: null, latency_ms: { p50: null } });
    await store(app.nest.get(LogDatabase).writes, [aRecord({ model: 'now', latency_ms: 7, ttft_ms: null })]);
    expect((await stats(query)).totals).toMatchObject({
      requests: 1,
      cost_usd: 0.001234567,
      latency_ms: { p50: 7, p99: 7 },
      ttft_ms: { p50: null },
    });
  });

  it.each([
    [{ interval: 'minute', from: iso(TODAY - 2 * DAY_MS - 1000) }, '/from'],
    [{ interval: 'hour', from: iso(TODAY - 32 * DAY_MS) }, '/from'],
    [{ interval: 'day', from: iso(TODAY - 367 * DAY_MS) }, '/from'],
    [{ from: iso(TODAY), to: iso(TODAY) }, '/from'],
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
      const { totals, groups } = await stats({ group_by: 'key' }, own, path);
      expect(totals.requests).toBe(1);
      expect(groups.map(({ value }: Json) => value)).toEqual([900]);
      expect((await stats({ key_id: 901 }, own, path)).totals.requests).toBe(0);
      expect(await stats({ group_by: 'provider' }, own, path)).toEqual({ status: 400, pointers: ['/group_by'] });
      expect(await stats({ provider_id: 1 }, own, path)).toEqual({ status: 400, pointers: ['/provider_id'] });
      expect(await stats({ master_id: 1 }, own, path)).toEqual({ status: 400, pointers: ['/master_id'] });
    }
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

  it('outlive minutes, of which a week is kept, and hours, of which half a year', async () => {
    const before = await stats({});
    const retention = app.nest.get(RollupRetention);
    expect(await retention.run()).toEqual([]);
    const inAWeek = await retention.run(Date.now() + 8 * DAY_MS);
    expect(inAWeek.length).toBeGreaterThan(0);
    expect(inAWeek.filter((name) => !name.startsWith('rollup_minutes_'))).toEqual([]);
    const inHalfAYear = await retention.run(Date.now() + 220 * DAY_MS);
    expect(inHalfAYear.some((name) => name.startsWith('rollup_hours_'))).toBe(true);
    expect(await stats({})).toEqual(before);
  });
});
