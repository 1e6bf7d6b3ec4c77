import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { LogRecord } from '../../src/log-database/log-record.js';
import { LogDatabase } from '../../src/log-database/log-database.js';
import { Compactor } from '../../src/modules/stats/compactor.js';
import { ERROR_BOUND } from '../../src/modules/stats/histogram.js';
import { DAY_MS, HOUR_MS } from '../../src/modules/stats/rollup-tables.js';
import { startApp, type TestApp } from '../support/app.js';
import type { Json } from '../support/http.js';
import { askStats, between, counted, FROM, iso, TODAY } from './asking.js';
import { aRecord, randomRecords, store, takeRecordsOfAnyTime } from './records.js';

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

  const stats = (query: Record<string, string | number>): Promise<Json> => askStats(app.admin, query);

  const percentile = (some: readonly LogRecord[], field: 'latency_ms' | 'ttft_ms', q: number): number | null => {
    const values = some.flatMap((record) => record[field] ?? []).toSorted((a, b) => a - b);
    return values[Math.max(0, Math.ceil(values.length * q) - 1)] ?? null;
  };

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

  it('find the busiest keys in whole weeks and in the days around them', async () => {
    const from = TODAY - 24 * DAY_MS;
    // A day that is mostly before the first whole week, and one that is in the midst of them.
    const [around, within] = [from, from + 12 * DAY_MS];
    const requests = (key_id: number, ...days: number[]): LogRecord[] =>
      days.map((day) => aRecord({ at: new Date(day), key_id, status_code: 101 }));
    await store(app.nest.get(LogDatabase).writes, [
      ...requests(803, around, around, within, within),
      ...requests(802, around, around, around),
      ...requests(801, within, within),
    ]);
    await app.nest.get(Compactor).run();
    const query = { from: iso(from), group_by: 'key', status: '1xx' };
    const { groups } = await stats(query);
    expect(groups.map(({ value, totals }: Json) => [value, totals.requests])).toEqual([
      [803, 4],
      [802, 3],
      [801, 2],
    ]);
    expect((await stats({ ...query, top: 1 })).groups).toMatchObject([{ value: 803 }, { is_other: true }]);
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
});
