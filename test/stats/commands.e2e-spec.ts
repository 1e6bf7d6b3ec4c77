import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import pg from 'pg';
import { parsePgDsn } from '../../src/config/pg-dsn.js';
import { DAY_MS } from '../../src/modules/stats/rollup-tables.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { TEST_ENVIRONMENT } from '../support/environment.js';
import { randomRecords, store, takeRecordsOfAnyTime } from './records.js';

const MAIN = resolve(import.meta.dirname, '../../dist/src/main.js');
const TODAY = Math.floor(Date.now() / DAY_MS) * DAY_MS;
const dateOf = (daysAgo: number): string => new Date(TODAY - daysAgo * DAY_MS).toISOString().slice(0, 10);

/** A process takes a second to start, and many on a busy machine. */
const LONG_MS = 180_000;

describe('the commands for roll-ups', () => {
  let database: TestDatabase;
  let pool: pg.Pool;

  beforeAll(async () => {
    database = await createTestDatabase();
    pool = new pg.Pool(parsePgDsn(database.dsn));
    await takeRecordsOfAnyTime(pool);
    await store(pool, randomRecords(200, 3, { from: new Date(TODAY - 2 * DAY_MS), to: new Date(TODAY) }));
  });
  afterAll(async () => {
    await pool.end();
    await database.drop();
  });

  async function run(...words: string[]): Promise<{ code: number; output: string }> {
    const env = { PATH: process.env.PATH, ...TEST_ENVIRONMENT, EZ_PG_DSN: database.dsn };
    const child = spawn(process.execPath, [MAIN, ...words], { cwd: '/', env, stdio: ['ignore', 'pipe', 'pipe'] });
    const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
    return { code: code as number, output: out + err };
  }

  const range = ['--from', dateOf(2), '--to', dateOf(1)];

  it(
    'find planted differences, name them, end with 1, and repair them',
    async () => {
      expect(await run('rollups', 'verify', ...range)).toEqual({
        code: 0,
        output: `${dateOf(2)}: agrees\n${dateOf(1)}: agrees\n`,
      });
      await pool.query('UPDATE logs.rollup_deltas SET output_tokens = output_tokens + 1 WHERE at >= $1', [dateOf(1)]);
      const found = await run('rollups', 'verify', ...range);
      expect(found).toMatchObject({
        code: 1,
        output: expect.stringContaining(`${dateOf(2)}: agrees\n${dateOf(1)}: differs\n`),
      });
      expect(found.output).toMatch(/ {2}day \{.*"level": ?0.*\}: records say \{.*\}, roll-ups \{.*\}/);

      const rebuilt = await run('rollups', 'rebuild', ...range);
      expect(rebuilt).toMatchObject({
        code: 0,
        output: expect.stringMatching(/rebuilt from \d+ records\n.*rebuilt from \d+ records\n$/),
      });
      expect(await run('rollups', 'verify', ...range)).toMatchObject({ code: 0 });
    },
    LONG_MS,
  );

  it(
    'refuse days whose records are gone',
    async () => {
      await pool.query('DELETE FROM logs.records WHERE at < $1', [dateOf(1)]);
      for (const action of ['verify', 'rebuild']) {
        expect(await run('rollups', action, ...range)).toEqual({
          code: 1,
          output: `ez-api: records of ${dateOf(2)} are gone, so nothing can be said of its roll-ups\n`,
        });
      }
    },
    LONG_MS,
  );

  it(
    'explain themselves',
    async () => {
      expect(await run('rollups', 'verify')).toMatchObject({
        code: 1,
        output: expect.stringContaining('rollups rebuild'),
      });
    },
    LONG_MS,
  );
});
