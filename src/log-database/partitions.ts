import { partitionName, type Range } from './partition-range.js';

/** The comment of a table that retention drops: what an operator detaches, to keep it, has none. */
export const EXPIRED = 'EZ-API: detached by retention, to be dropped';

export interface Queryable {
  query(sql: string, values?: unknown[]): Promise<{ rows: unknown[]; rowCount: number | null }>;
}

export interface Partition extends Range {
  name: string;
  /** About how many: what PostgreSQL counts along, or else what it estimated last, which deletions don't change. */
  records: number;
  /** A DETACH was begun and not ended. */
  isLeaving: boolean;
  /** Retention has chosen it. */
  isExpired: boolean;
}

/** All partitions of the records, oldest first. */
export async function readPartitions(db: Queryable): Promise<Partition[]> {
  const { rows } = await db.query(PARTITIONS);
  return (rows as Row[]).map(({ name, lower, upper, records, leaving, expired }) => ({
    name,
    from: lower?.getTime() ?? -Infinity,
    to: upper?.getTime() ?? Infinity,
    records: Number(records),
    isLeaving: leaving,
    isExpired: expired,
  }));
}

interface Row {
  name: string;
  lower: Date | null;
  upper: Date | null;
  records: string;
  leaving: boolean;
  expired: boolean;
}

/** Bounds come as text in the time zone of the session, and are read back in the same. MINVALUE and MAXVALUE become null. */
const PARTITIONS = `
  SELECT c.relname AS name, b.lower, b.upper, i.inhdetachpending AS leaving,
         coalesce(obj_description(c.oid, 'pg_class') = '${EXPIRED}', false) AS expired,
         coalesce(nullif(pg_stat_get_live_tuples(c.oid), 0), greatest(c.reltuples, 0)::bigint) AS records
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
 * name may be there: what retention has left behind is dropped, and what somebody else detached comes back.
 */
export async function addPartition(db: Queryable, range: Range): Promise<void> {
  const name = partitionName(range);
  const table = `logs.${name}`;
  if ((await leftovers(db)).includes(name)) await db.query(`DROP TABLE ${table}`);
  await db.query(`CREATE TABLE IF NOT EXISTS ${table} (LIKE logs.records INCLUDING DEFAULTS INCLUDING CONSTRAINTS)`);
  await db.query(`ALTER TABLE logs.records ATTACH PARTITION ${table} ${boundsOf(range)}`);
}

export const boundsOf = ({ from, to }: Range): string =>
  `FOR VALUES FROM (${boundOf(from, 'MINVALUE')}) TO (${boundOf(to, 'MAXVALUE')})`;

const boundOf = (at: number, infinite: string): string =>
  Number.isFinite(at) ? `'${new Date(at).toISOString()}'` : infinite;

/** Outside of a transaction. Writers and readers go on meanwhile; it waits for those that began before. */
export async function dropPartition(db: Queryable, { name, isLeaving }: Partition): Promise<void> {
  await db.query(`COMMENT ON TABLE logs.${name} IS '${EXPIRED}'`);
  await db.query(`ALTER TABLE logs.records DETACH PARTITION logs.${name} ${isLeaving ? 'FINALIZE' : 'CONCURRENTLY'}`);
  await dropLeftovers(db);
}

/** Drops what retention has detached, in this run or in one that was interrupted. */
export async function dropLeftovers(db: Queryable): Promise<void> {
  if ((await leftovers(db)).length === 0) return;
  await db.query('SELECT pg_advisory_lock($1)', [LAYOUT_LOCK]);
  try {
    // Whoever makes a partition of such a name drops what was there: it is looked for again, now that nobody does.
    for (const name of await leftovers(db)) await db.query(`DROP TABLE logs.${name}`);
  } finally {
    await db.query('SELECT pg_advisory_unlock($1)', [LAYOUT_LOCK]);
  }
}

async function leftovers(db: Queryable): Promise<string[]> {
  const { rows } = await db.query(
    `SELECT relname AS name FROM pg_class
      WHERE relnamespace = 'logs'::regnamespace AND relkind = 'r' AND NOT relispartition
        AND obj_description(oid, 'pg_class') = '${EXPIRED}'`,
  );
  return (rows as { name: string }[]).map(({ name }) => name);
}

/** Whoever makes or drops partitions holds this lock: any number that every EZ-API release agrees on. */
export const LAYOUT_LOCK = 7_361_408;
