import { partitionName, type Range } from './partition-range.js';

export interface Queryable {
  query(sql: string, values?: unknown[]): Promise<{ rows: unknown[]; rowCount: number | null }>;
}

export interface Partition extends Range {
  name: string;
  /** About how many: what PostgreSQL counts along. */
  records: number;
  /** A DETACH was begun and not ended. */
  isLeaving: boolean;
}

/** All partitions of the records, oldest first. */
export async function readPartitions(db: Queryable): Promise<Partition[]> {
  const { rows } = await db.query(PARTITIONS);
  return (rows as Row[]).map(({ name, lower, upper, records, leaving }) => ({
    name,
    from: lower?.getTime() ?? -Infinity,
    to: upper?.getTime() ?? Infinity,
    records: Number(records),
    isLeaving: leaving,
  }));
}

interface Row {
  name: string;
  lower: Date | null;
  upper: Date | null;
  records: string;
  leaving: boolean;
}

/** Bounds come as text in the time zone of the session, and are read back in the same. MINVALUE and MAXVALUE become null. */
const PARTITIONS = `
  SELECT c.relname AS name, b.lower, b.upper, i.inhdetachpending AS leaving,
         greatest(c.reltuples::bigint, pg_stat_get_live_tuples(c.oid), 0) AS records
    FROM pg_inherits i
    JOIN pg_class c ON c.oid = i.inhrelid
    CROSS JOIN LATERAL (
      SELECT (regexp_match(bound, 'FROM \\(''([^'']+)''\\)'))[1]::timestamptz AS lower,
             (regexp_match(bound, 'TO \\(''([^'']+)''\\)'))[1]::timestamptz AS upper
        FROM pg_get_expr(c.relpartbound, c.oid) AS bound
    ) b
   WHERE i.inhparent = 'logs.records'::regclass
   ORDER BY b.lower NULLS FIRST`;

/**
 * Attaching locks out nobody who reads or writes, while `CREATE TABLE … PARTITION OF` would lock out everybody. A table of that
 * name may be there: one that was detached and not dropped.
 */
export async function addPartition(db: Queryable, range: Range): Promise<void> {
  const table = `logs.${partitionName(range)}`;
  await db.query(`CREATE TABLE IF NOT EXISTS ${table} (LIKE logs.records INCLUDING DEFAULTS INCLUDING CONSTRAINTS)`);
  await db.query(`ALTER TABLE logs.records ATTACH PARTITION ${table} ${boundsOf(range)}`);
}

export const boundsOf = ({ from, to }: Range): string =>
  `FOR VALUES FROM (${boundOf(from, 'MINVALUE')}) TO (${boundOf(to, 'MAXVALUE')})`;

const boundOf = (at: number, infinite: string): string =>
  Number.isFinite(at) ? `'${new Date(at).toISOString()}'` : infinite;

/** Outside of a transaction. Writers and readers go on meanwhile; it waits for those that began before. */
export async function dropPartition(db: Queryable, { name, isLeaving }: Partition): Promise<void> {
  await db.query(`ALTER TABLE logs.records DETACH PARTITION logs.${name} ${isLeaving ? 'FINALIZE' : 'CONCURRENTLY'}`);
  await db.query(`DROP TABLE logs.${name}`);
}

/** Drops what an interrupted run has detached and left behind. */
export async function dropLeftovers(db: Queryable): Promise<void> {
  const { rows } = await db.query(
    `SELECT relname AS name FROM pg_class
      WHERE relnamespace = 'logs'::regnamespace AND relkind = 'r' AND relname ~ '^records_(min|[0-9]{8})_(max|[0-9]{8})$'
        AND NOT relispartition`,
  );
  for (const { name } of rows as { name: string }[]) await db.query(`DROP TABLE IF EXISTS logs.${name}`);
}

/** Whoever makes or drops partitions holds this lock: any number that every EZ-API release agrees on. */
export const LAYOUT_LOCK = 7_361_408;
