import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { parsePgDsn } from '../../src/config/pg-dsn.js';
import { inTransaction } from '../../src/log-database/transaction.js';
import { bucketEdges } from '../../src/modules/stats/buckets.js';
import { moveDeltas } from '../../src/modules/stats/compaction.js';
import type { Dimension } from '../../src/modules/stats/rollup-levels.js';
import { DAY_MS, type Tier } from '../../src/modules/stats/rollup-tables.js';
import { readingOf } from '../../src/modules/stats/slices.js';
import {
  type Filter,
  rankStatement,
  type Selection,
  sumStatement,
  type Statement,
} from '../../src/modules/stats/stats-sql.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { randomRecords, store, takeRecordsOfAnyTime } from './records.js';

interface PlanNode {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Cond'?: string;
  'Recheck Cond'?: string;
  'Actual Loops'?: number;
  Plans?: PlanNode[];
}

const NOW = Date.now();

describe('every statement of statistics', () => {
  let database: TestDatabase;
  let pool: pg.Pool;

  beforeAll(async () => {
    database = await createTestDatabase();
    pool = new pg.Pool({ ...parsePgDsn(database.dsn), max: 1 });
    await takeRecordsOfAnyTime(pool);
    await store(pool, randomRecords(3_000, 5, { from: new Date(NOW - 60 * DAY_MS), to: new Date(NOW) }));
    await inTransaction(pool, 'write', (client) => moveDeltas(client, 100_000));
    // Tables of this size are read whole, which says nothing about large ones.
    await pool.query('VACUUM ANALYZE');
    await pool.query('SET enable_seqscan = off; SET jit = off');
  });
  afterAll(async () => {
    await pool.end();
    await database.drop();
  });

  async function scansOf({ text, values }: Statement): Promise<PlanNode[]> {
    const { rows } = await pool.query<{ 'QUERY PLAN': { Plan: PlanNode }[] }>(
      `EXPLAIN (ANALYZE, FORMAT JSON, TIMING OFF) ${text}`,
      values,
    );
    const nodes = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(nodes)];
    return nodes(rows[0]!['QUERY PLAN'][0]!.Plan).filter(({ 'Relation Name': relation = '' }) =>
      /rollup_(minutes|hours|days|weeks)/.test(relation),
    );
  }

  function statements(interval: Tier, filter: Filter, groupBy?: Dimension): Statement[] {
    const edges = bucketEdges(interval, NOW - (interval === 'minute' ? 1 : 20) * DAY_MS, NOW, 'Asia/Kolkata');
    const { slices } = readingOf(edges, interval, NOW);
    const selection: Selection = { slices, filter, groupBy };
    return groupBy ? [rankStatement(selection, 10), sumStatement(selection, edges)] : [sumStatement(selection, edges)];
  }

  const FILTERS: Filter[] = [
    {},
    { master_id: [101] },
    { key_id: [3] },
    { provider_id: [1] },
    { model: ['gpt'] },
    { status_class: [5] },
    { key_id: [1], provider_id: [2], model: ['gpt'] },
  ];
  const GROUPS: (Dimension | undefined)[] = [undefined, 'master_id', 'key_id', 'provider_id', 'model', 'status_class'];

  it.each(['minute', 'hour', 'day'] as const)(
    'finds its rows by an index on level and time, by %s',
    async (interval) => {
      for (const [filter, group] of FILTERS.flatMap((one) => GROUPS.map((other) => [one, other] as const))) {
        for (const statement of statements(interval, filter, group)) {
          const scans = await scansOf(statement);
          expect(scans.length).toBeGreaterThan(0);
          expect(scans.filter((scan) => !isByIndex(scan))).toEqual([]);
        }
      }
    },
    120_000,
  );

  it('leaves partitions alone in which the range is not', async () => {
    const edges = bucketEdges('hour', NOW - 2 * DAY_MS, NOW - DAY_MS, 'UTC');
    const { slices } = readingOf(edges, 'hour', NOW);
    const scans = await scansOf(sumStatement({ slices, filter: {}, groupBy: undefined }, edges));
    const months = new Set([edges[0]!, edges.at(-1)! - 1].map((at) => new Date(at).toISOString().slice(0, 7)));
    const read = scans.filter((scan) => scan['Actual Loops'] !== 0);
    expect(read.length).toBeLessThanOrEqual(months.size);
    expect(scans.length).toBeGreaterThan(0);
  });
});

/** Days and weeks of keys have tables of their own, so that their indexes need no level. */
const OF_KEYS = ['rollup_days_by_key', 'rollup_weeks_by_key'];

function isByIndex(scan: PlanNode): boolean {
  const condition = scan['Index Cond'] ?? scan['Recheck Cond'] ?? '';
  const hasLevel = /\blevel\b/.test(condition) || OF_KEYS.includes(scan['Relation Name']!);
  return hasLevel && /\bat\b/.test(condition);
}
