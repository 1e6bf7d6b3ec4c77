import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { parsePgDsn } from '../../src/config/pg-dsn.js';
import { inTransaction } from '../../src/log-database/transaction.js';
import { moveDeltas } from '../../src/modules/stats/compaction.js';
import { RawRowsGone, rebuildDay } from '../../src/modules/stats/rebuild.js';
import { lockRollups } from '../../src/modules/stats/rollup-lock.js';
import { DAY_MS, TIERS, tableOf } from '../../src/modules/stats/rollup-tables.js';
import { type Difference, verifyDay } from '../../src/modules/stats/verify.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { aRecord, randomRecords, store, takeRecordsOfAnyTime } from './records.js';

/** Some days ago, so that minutes of it are still kept. */
const DAY = new Date(Math.floor(Date.now() / DAY_MS) * DAY_MS - 3 * DAY_MS);
const RANGE = { from: DAY, to: new Date(DAY.getTime() + DAY_MS) };

describe('roll-ups', () => {
  let database: TestDatabase;
  let pool: pg.Pool;

  beforeAll(async () => {
    database = await createTestDatabase();
    pool = new pg.Pool({ ...parsePgDsn(database.dsn), max: 8 });
    await takeRecordsOfAnyTime(pool);
  });
  afterAll(async () => {
    await pool.end();
    await database.drop();
  });

  const compact = (): Promise<number> => inTransaction(pool, 'write', (client) => moveDeltas(client, 100_000));
  const requestsOf = async (table: string, where = 'level = 0'): Promise<number> =>
    Number(
      (await pool.query<{ n: string }>(`SELECT coalesce(sum(requests), 0) AS n FROM ${table} WHERE ${where}`)).rows[0]!
        .n,
    );

  const onOwnSession = async <T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> => {
    const client = await pool.connect();
    return work(client).finally(() => client.release(true));
  };
  const verify = (day = DAY): Promise<Difference[]> => onOwnSession((client) => verifyDay(client, day));
  const rebuild = (day = DAY): Promise<number> => onOwnSession((client) => rebuildDay(client, day));

  it('say the same as the raw rows at every width and level, before and after they are compacted', async () => {
    await store(pool, randomRecords(1_500, 1, RANGE));
    expect(await verify()).toEqual([]);
    await compact();
    expect(await requestsOf('logs.rollup_deltas', 'true')).toBe(0);
    expect(await verify()).toEqual([]);
  });

  it('take in what several sessions flush at once, while a compaction runs, and no reader finds more or less', async () => {
    const before = await requestsOf('logs.rollup_days');
    const flushes = 12;
    const over = new AbortController();
    const compacting = (async () => {
      while (!over.signal.aborted) await compact();
    })();
    const found: { raw: string; counted: string }[] = [];
    const reading = (async () => {
      while (!over.signal.aborted) {
        const { rows } = await pool.query<{ raw: string; counted: string }>(
          `SELECT (SELECT count(*) FROM logs.records) AS raw,
                  (SELECT sum(requests) FROM (SELECT requests FROM logs.rollup_days WHERE level = 0
                    UNION ALL SELECT requests FROM logs.rollup_deltas) AS both_places) AS counted`,
        );
        found.push(rows[0]!);
      }
    })();
    await Promise.all(
      Array.from({ length: 4 }, async (_, session) => {
        for (let i = 0; i < flushes / 4; i++) await store(pool, randomRecords(100, 100 * session + i, RANGE));
      }),
    );
    over.abort();
    await Promise.all([compacting, reading]);
    await compact();
    expect(found.filter(({ raw, counted }) => raw !== counted)).toEqual([]);
    expect(await requestsOf('logs.rollup_days')).toBe(before + flushes * 100);
    expect(await verify()).toEqual([]);
  });

  it('put a late record into its own bucket, of every width that is kept', async () => {
    const at = (daysAgo: number): Date => new Date(DAY.getTime() - daysAgo * DAY_MS + 3_599_000);
    await store(pool, [aRecord({ at: at(1) }), aRecord({ at: at(100) }), aRecord({ at: at(300) })]);
    await compact();
    const counts = async (when: Date): Promise<number[]> =>
      Promise.all(
        TIERS.map((tier) =>
          requestsOf(
            tableOf(tier),
            `level = 0 AND at <= '${when.toISOString()}' AND at > '${new Date(when.getTime() - DAY_MS).toISOString()}'`,
          ),
        ),
      );
    expect(await counts(at(1))).toEqual([1, 1, 1]);
    expect(await counts(at(100))).toEqual([0, 1, 1]);
    expect(await counts(at(300))).toEqual([0, 0, 1]);
  });

  it('keep sums that no double holds', async () => {
    const day = new Date(DAY.getTime() + DAY_MS);
    const most = Number.MAX_SAFE_INTEGER;
    await store(
      pool,
      [1, 2, 3].map(() => aRecord({ at: day, cost_nano_usd: 999_999_999, input_tokens: most })),
    );
    await compact();
    const { rows } = await pool.query(
      `SELECT input_tokens, cost_usd FROM logs.rollup_days WHERE level = 0 AND at = $1`,
      [day],
    );
    expect(rows).toEqual([{ input_tokens: String(3n * BigInt(most)), cost_usd: '2.999999997' }]);
  });

  it('show what was planted in them, and lose it when they are rebuilt', async () => {
    await pool.query(
      `UPDATE logs.rollup_hours SET requests = requests + 1 WHERE level = 0 AND at = (SELECT min(at) FROM logs.rollup_hours WHERE level = 0 AND at >= $1) AND status_class = 2`,
      [DAY],
    );
    await pool.query('DELETE FROM logs.rollup_days WHERE level = 15 AND at = $1 AND key_id = 3', [DAY]);
    await pool.query('UPDATE logs.rollup_weeks_by_key SET requests = requests + 1 WHERE key_id = 3');
    const differences = await verify();
    expect(new Set(differences.map(({ tier }) => tier))).toEqual(new Set(['hour', 'day', 'week']));
    expect(differences.find(({ tier }) => tier === 'hour')!.row).toMatchObject({ level: 0, status_class: 2 });
    expect(differences.filter(({ tier }) => tier === 'day').every(({ found }) => found === null)).toBe(true);

    expect(await rebuild()).toBe(await requestsOf('logs.rollup_days', `level = 0 AND at = '${DAY.toISOString()}'`));
    expect(await verify()).toEqual([]);
  });

  it('can be rebuilt while records come in', async () => {
    await Promise.all([
      rebuild(),
      ...Array.from({ length: 6 }, (_, i) => store(pool, randomRecords(100, 1_000 + i, RANGE))),
    ]);
    expect(await verify()).toEqual([]);
    await compact();
    expect(await verify()).toEqual([]);
  });

  it('wait to be rebuilt until a compaction is done', async () => {
    const holder = await pool.connect();
    await lockRollups(holder);
    const rebuilding = rebuild();
    await store(pool, [aRecord({ at: DAY })]);
    holder.release(true);
    await rebuilding;
    expect(await verify()).toEqual([]);
  });

  it('are not touched where raw rows are gone, all of a day or the first of them', async () => {
    const old = new Date(DAY.getTime() - 40 * DAY_MS);
    const records = [1, 5, 9].map((hour) => aRecord({ at: new Date(old.getTime() + hour * 3_600_000) }));
    await store(pool, records);
    await compact();
    await pool.query('DELETE FROM logs.records WHERE at < $1', [records[1]!.at]);
    await expect(rebuild(old)).rejects.toThrow(RawRowsGone);
    await expect(verify(old)).rejects.toThrow(RawRowsGone);
    await pool.query('DELETE FROM logs.records WHERE at < $1', [DAY]);
    await expect(rebuild(old)).rejects.toThrow(RawRowsGone);
    expect(
      await requestsOf(
        'logs.rollup_hours',
        `level = 0 AND at >= '${old.toISOString()}' AND at < '${new Date(old.getTime() + DAY_MS).toISOString()}'`,
      ),
    ).toBe(3);
  });
});
