import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { LogDatabase } from '../../src/log-database/log-database.js';
import { Compactor, restAfter } from '../../src/modules/stats/compactor.js';
import { startApp, type TestApp } from '../support/app.js';
import { until } from '../support/launcher.js';

const DELTAS = 30_000;
const TRIES = 5;

/** A server on which more than 20,000 at once take longer than a statement may. */
const SLOW_SERVER = `
  CREATE FUNCTION logs.take_too_long() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF (SELECT sum(requests) FROM added WHERE level = 0) > 20000 THEN
      RAISE EXCEPTION 'canceling statement due to statement timeout' USING ERRCODE = '57014';
    END IF;
    RETURN NULL;
  END $$;
  CREATE TRIGGER take_too_long AFTER INSERT ON logs.rollup_days REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION logs.take_too_long()`;

/** A server on which a move takes longer than one may take to stop. */
const SLEEPING_SERVER = `
  CREATE OR REPLACE FUNCTION logs.sleep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(25); RETURN NULL; END';
  CREATE OR REPLACE TRIGGER sleep BEFORE INSERT ON logs.rollup_days FOR EACH STATEMENT EXECUTE FUNCTION logs.sleep()`;

const APPEND = `
  INSERT INTO logs.rollup_deltas
  SELECT now(), 1, 1 + n % 10, 1, 1, 'eu', 'gpt', 2, 1, 10, 5, 0, 0.001, 1, 1 FROM generate_series(1, ${DELTAS}) n`;

const LEAVES = `
  SELECT relname AS table, reloptions AS options
    FROM pg_class
   WHERE relnamespace = 'logs'::regnamespace AND relkind = 'r' AND relname ~ '^rollup_(minutes|hours|days)_'
     AND relname <> 'rollup_days_by_key'`;

describe('a compaction', () => {
  let app: TestApp;

  const count = async (sql: string): Promise<number> => {
    const { rows } = await app.nest.get(LogDatabase).writes.query<{ n: string }>(sql);
    return Number(rows[0]!.n);
  };

  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.close());

  it('goes on with less when so much takes longer than a statement may', async () => {
    const { writes } = app.nest.get(LogDatabase);
    const compactor = app.nest.get(Compactor);
    await writes.query(SLOW_SERVER);
    await writes.query(APPEND);
    for (let tries = 0; tries < TRIES; tries++) await compactor.run().catch(() => undefined);
    expect(await count('SELECT count(*) AS n FROM logs.rollup_deltas')).toBe(0);
    expect(await count('SELECT sum(requests) AS n FROM logs.rollup_days WHERE level = 15')).toBe(DELTAS);
    await writes.query('DROP FUNCTION logs.take_too_long CASCADE');
  });

  it('finds a third of each page free for new versions of its rows', async () => {
    const { writes } = app.nest.get(LogDatabase);
    await writes.query(APPEND);
    await app.nest.get(Compactor).run();
    const { rows } = await writes.query<{ table: string; options: string[] | null }>(LEAVES);
    expect(rows.length).toBeGreaterThan(3);
    expect(rows.filter(({ options }) => !options?.includes('fillfactor=65'))).toEqual([]);
  });

  it('rests nine times as long as it took, and half a minute at most', () => {
    expect(restAfter(500)).toBe(4_500);
    expect(restAfter(40_000)).toBe(30_000);
  });

  it('is undone when the server has to stop, and nothing is lost', async () => {
    const { writes } = app.nest.get(LogDatabase);
    const compactor = app.nest.get(Compactor);
    await writes.query(SLEEPING_SERVER);
    const waiting = await count('SELECT coalesce(sum(requests), 0) AS n FROM logs.rollup_deltas');
    await writes.query(APPEND);
    const move = compactor.run().catch((error: Error) => error.message);
    await until(
      async () =>
        (await count(
          `SELECT count(*) AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'`,
        )) > 0,
    );
    await compactor.beforeApplicationShutdown();
    expect(await move).toContain('canceling statement due to user request');
    expect(await count('SELECT sum(requests) AS n FROM logs.rollup_deltas')).toBe(waiting + DELTAS);
  });
});
