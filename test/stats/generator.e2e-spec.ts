import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { generateLogs, LOG_DAYS } from '../../bench/support/log-generator.js';
import { parsePgDsn } from '../../src/config/pg-dsn.js';
import { DAY_MS } from '../../src/modules/stats/rollup-tables.js';
import { verifyDay } from '../../src/modules/stats/verify.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

const RECORDS = 3_000;
const TODAY = Math.floor(Date.now() / DAY_MS) * DAY_MS;

describe('the generator of the benchmarks', () => {
  let database: TestDatabase;
  let pool: pg.Pool;

  beforeAll(async () => {
    database = await createTestDatabase();
    pool = new pg.Pool(parsePgDsn(database.dsn));
  });
  afterAll(async () => {
    await pool.end();
    await database.drop();
  });

  const indexes = async (): Promise<unknown[]> => {
    const { rows } = await pool.query(
      `SELECT indexdef FROM pg_indexes WHERE schemaname = 'logs' AND tablename ~ '^rollup_(minutes|hours|days)(_[a-z_]+)?$'
        ORDER BY 1`,
    );
    return rows;
  };

  it('leaves records, roll-ups and indexes as the server would have', async () => {
    const before = await indexes();
    await generateLogs(pool, RECORDS);
    expect((await pool.query('SELECT count(*)::int AS records FROM logs.records')).rows).toEqual([
      { records: RECORDS },
    ]);
    expect(await indexes()).toEqual(before);
    const client = await pool.connect();
    for (let day = TODAY - (LOG_DAYS - 1) * DAY_MS; day <= TODAY; day += DAY_MS) {
      expect(await verifyDay(client, new Date(day))).toEqual([]);
    }
    client.release();
  }, 180_000);
});
