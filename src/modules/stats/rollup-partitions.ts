import type pg from 'pg';
import { KEPT_MS, keptSince } from './rollup-tables.js';

type PartitionedTier = 'minute' | 'hour';

interface Part {
  table: string;
  from: Date;
  to: Date;
}

/** The partition of minutes, which is a day, or that of hours, which is a month. */
function partAround(tier: PartitionedTier, at: number): Part {
  const date = new Date(at);
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()];
  const [from, to] =
    tier === 'minute'
      ? [new Date(Date.UTC(year, month, day)), new Date(Date.UTC(year, month, day + 1))]
      : [new Date(Date.UTC(year, month)), new Date(Date.UTC(year, month + 1))];
  return { table: `rollup_${tier}s_${from.toISOString().slice(0, 10).replaceAll('-', '')}`, from, to };
}

/** Makes what these days (beginnings, UTC) need and what is not there. The caller holds the lock. */
export async function ensurePartitions(client: pg.ClientBase, days: readonly number[]): Promise<void> {
  const now = Date.now();
  const wanted = (['minute', 'hour'] as const).flatMap((tier) =>
    days.filter((day) => day >= keptSince(tier, now)).map((day) => ({ tier, ...partAround(tier, day) })),
  );
  const known = new Set((await readPartitions(client)).map(({ table }) => table));
  for (const { tier, table, from, to } of wanted) {
    if (known.has(table)) continue;
    known.add(table);
    await addPartition(client, `logs.rollup_${tier}s`, { table, from, to });
  }
}

/**
 * Attaching locks out nobody who reads or writes, as creating a partition in its place would. The rows of a page change together: a third of
 * it is for their next versions.
 */
async function addPartition(client: pg.ClientBase, parent: string, { table, from, to }: Part): Promise<void> {
  await client.query(`
    CREATE TABLE IF NOT EXISTS logs.${table} (LIKE ${parent} INCLUDING ALL) WITH (fillfactor = 65);
    ALTER TABLE ${parent} ATTACH PARTITION logs.${table}
      FOR VALUES FROM ('${from.toISOString()}') TO ('${to.toISOString()}')`);
}

export interface RollupPartition {
  table: string;
  tier: PartitionedTier;
  /** A DETACH was begun and not ended. */
  is_leaving: boolean;
}

const PARTITIONS = `
  SELECT child.relname AS table, substring(parent.relname from 'rollup_(\\w+)s') AS tier, i.inhdetachpending AS is_leaving
    FROM pg_inherits i
    JOIN pg_class child ON child.oid = i.inhrelid
    JOIN pg_class parent ON parent.oid = i.inhparent
   WHERE i.inhparent IN ('logs.rollup_minutes'::regclass, 'logs.rollup_hours'::regclass)
   ORDER BY 1`;

const readPartitions = async (client: pg.ClientBase): Promise<RollupPartition[]> =>
  (await client.query<RollupPartition>(PARTITIONS)).rows;

/** Partitions of which nothing has to be kept any more. */
export async function expiredPartitions(client: pg.ClientBase, now: number): Promise<RollupPartition[]> {
  return (await readPartitions(client)).filter(({ table, tier }) => endOf(table, tier) <= now - KEPT_MS[tier]);
}

function endOf(table: string, tier: PartitionedTier): number {
  const [, year, month, day] = /(\d{4})(\d\d)(\d\d)$/.exec(table)!;
  return partAround(tier, Date.UTC(Number(year), Number(month) - 1, Number(day))).to.getTime();
}

/** Outside of a transaction. Readers and writers go on meanwhile: it waits for those that began before. */
export async function dropPartition(
  client: pg.ClientBase,
  { table, tier, is_leaving }: RollupPartition,
): Promise<void> {
  const way = is_leaving ? 'FINALIZE' : 'CONCURRENTLY';
  await client.query(`ALTER TABLE logs.rollup_${tier}s DETACH PARTITION logs.${table} ${way}`);
  await client.query(`DROP TABLE logs.${table}`);
}
