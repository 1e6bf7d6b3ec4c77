import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { LogRecord } from '../../src/log-database/log-record.js';
import { LogDatabase } from '../../src/log-database/log-database.js';
import { Compactor } from '../../src/modules/stats/compactor.js';
import { RollupRetention } from '../../src/modules/stats/rollup-retention.js';
import { DAY_MS, HOUR_MS } from '../../src/modules/stats/rollup-tables.js';
import { startApp, type TestApp } from '../support/app.js';
import type { Json } from '../support/http.js';
import { until } from '../support/launcher.js';
import { askStats, between, counted, FROM, iso, TODAY } from './asking.js';
import { aRecord, randomRecords, store, takeRecordsOfAnyTime } from './records.js';

describe('statistics on calendars', () => {
  let app: TestApp;
  let records: LogRecord[];

  beforeAll(async () => {
    app = await startApp();
    const { writes } = app.nest.get(LogDatabase);
    await takeRecordsOfAnyTime(writes);
    records = randomRecords(1_000, 11, { from: new Date(FROM), to: new Date(TODAY) });
    await store(writes, records);
    await app.nest.get(Compactor).run();
  });
  afterAll(() => app.close());

  const stats = (query: Record<string, string | number>): Promise<Json> => askStats(app.admin, query);

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

  it('outlive minutes, of which a week is kept, and hours, of which half a year', async () => {
    const before = await stats({});
    const retention = app.nest.get(RollupRetention);
    expect(await retention.run()).toEqual([]);
    // The run before holds its lock until the server has seen its session end.
    const dropped = async (afterMs: number): Promise<string[]> => {
      let names: string[] = [];
      await until(async () => (names = await retention.run(Date.now() + afterMs)).length > 0);
      return names;
    };
    const inAWeek = await dropped(8 * DAY_MS);
    expect(inAWeek.filter((name) => !name.startsWith('rollup_minutes_'))).toEqual([]);
    const inHalfAYear = await dropped(220 * DAY_MS);
    expect(inHalfAYear.some((name) => name.startsWith('rollup_hours_'))).toBe(true);
    expect(await stats({})).toEqual(before);
  });
});
