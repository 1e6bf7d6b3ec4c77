import { afterEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { parsePgDsn } from '../../src/config/pg-dsn.js';
import { LogDatabase } from '../../src/log-database/log-database.js';
import { EXPIRED, readPartitions } from '../../src/log-database/partitions.js';
import { LogMaintenance } from '../../src/modules/logs/log-maintenance.js';
import { rebuildDay } from '../../src/modules/stats/rebuild.js';
import { askStats, iso, TODAY } from '../stats/asking.js';
import { balancer, records, storedCount } from '../support/access-logs.js';
import { startApp, type TestApp } from '../support/app.js';
import type { Answer, Json } from '../support/http.js';
import { until } from '../support/launcher.js';

const maintain = ({ nest }: Pick<TestApp, 'nest'>): Promise<void> => nest.get(LogMaintenance).run();

/** PostgreSQL's sessions tell how many rows they wrote a little later. */
const untilCounted = ({ nest }: TestApp, expected: number): Promise<void> =>
  until(async () => (await readPartitions(nest.get(LogDatabase).writes))[0]?.records === expected);

describe('the log tables', () => {
  let app: TestApp;

  afterEach(() => app.close());

  it('keep EZ_LOG_MAX_RECORDS where there is one partition, and are not cut again', async () => {
    app = await startApp({ EZ_LOG_MAX_RECORDS: '250', EZ_LOG_PARTITIONING: 'off' });
    await balancer(app).post('/logs?durable=true', records(400));
    await untilCounted(app, 400);
    await maintain(app);
    await untilCounted(app, 250);
    await maintain(app);
    expect(await storedCount(app)).toBe(250);
  }, 120_000);

  it('keep a day that an operator has detached, and not what retention has left behind', async () => {
    app = await startApp();
    await maintain(app);
    const [left, kept] = ['logs.records_20200101_20200102', 'logs.records_20200102_20200103'];
    for (const name of [left, kept]) await app.db.query(`CREATE TABLE ${name} (LIKE logs.records)`);
    await app.db.query(`COMMENT ON TABLE ${left} IS '${EXPIRED}'`);
    await maintain(app);
    const found = await app.db.query('SELECT to_regclass($1)::text AS left, to_regclass($2)::text AS kept', [
      left,
      kept,
    ]);
    expect(found).toEqual([{ left: null, kept }]);
  });
});

const MILLION = 1_000_000;
const DAY_MS = 86_400_000;
const [OLD_DAY, NEXT_DAY] = [TODAY - 25 * DAY_MS, TODAY - 24 * DAY_MS];

/** Records as they come in, and their roll-ups; what follows in the indexes, too, is sorted in no time. */
async function fillOldDay({ dsn }: TestApp): Promise<void> {
  const client = new pg.Client(parsePgDsn(dsn));
  await client.connect();
  await client.query(`CREATE TABLE logs.old_day (LIKE logs.records INCLUDING DEFAULTS INCLUDING CONSTRAINTS)`);
  await client.query(
    `INSERT INTO logs.old_day (at, request_id, master_id, key_id, model, status_code, input_tokens)
     SELECT $1::timestamptz + n * interval '86 ms', n + ${MILLION}, 1, 2, 'gpt-4o', 200, 7
       FROM generate_series(0, ${MILLION} - 1) AS n`,
    [iso(OLD_DAY)],
  );
  await client.query(
    `ALTER TABLE logs.records ATTACH PARTITION logs.old_day FOR VALUES FROM ('${iso(OLD_DAY)}') TO ('${iso(NEXT_DAY)}')`,
  );
  await rebuildDay(client, new Date(OLD_DAY));
  await client.end();
}

describe('a day of a million records', () => {
  let app: TestApp;

  afterEach(() => app.close());

  const statsOfOldDay = (): Promise<Json> => askStats(app.admin, { from: iso(OLD_DAY), to: iso(NEXT_DAY) });

  const isThere = async (): Promise<boolean> => {
    const [row] = await app.db.query<{ is_there: boolean }[]>(
      `SELECT to_regclass('logs.old_day') IS NOT NULL AS is_there`,
    );
    return row!.is_there;
  };

  it('leaves while others are written: no write fails, their records stay, and so do the statistics of that day', async () => {
    app = await startApp();
    await fillOldDay(app);
    const stats = await statsOfOldDay();
    expect(stats.totals).toMatchObject({ requests: MILLION, input_tokens: 7 * MILLION });

    const done = new AbortController();
    const failed: Answer[] = [];
    let written = 0;
    const writers = [0, 1, 15].map(async (days) => {
      while (!done.signal.aborted) {
        const batch = records(50, { at: iso(Date.now() - days * DAY_MS) });
        const answer = await balancer(app).post('/logs?durable=true', batch);
        if (answer.body.accepted === 50) written += 50;
        else failed.push(answer);
      }
    });
    const untilMoreAreWritten = (before = written): Promise<void> => until(() => written > before + 300);

    let other: TestApp | undefined;
    try {
      await untilMoreAreWritten();
      other = await startApp({ EZ_PG_DSN: app.dsn, EZ_LOG_RETENTION_DAYS: '20' });
      const { nest } = other;
      await until(async () => {
        await maintain({ nest });
        return !(await isThere());
      });
      await untilMoreAreWritten();
    } finally {
      done.abort();
      await Promise.all(writers);
      await other?.close();
    }

    expect(failed).toEqual([]);
    expect(await storedCount(app)).toBe(written);
    expect(await statsOfOldDay()).toEqual(stats);
  }, 300_000);
});
