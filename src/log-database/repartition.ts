import { type Partitioning, type Range, partitionName, unitAround } from './partition-range.js';
import { boundsOf, LAYOUT_LOCK, type Partition, type Queryable, readPartitions } from './partitions.js';

/** On a partition that is about to end somewhere: lets PostgreSQL believe so without reading it all under a lock. */
export const UNTIL_CHECK = 'ck_records_until';

/** Records may be that far ahead of the clock (an hour), and the rest of the command takes some time, too. */
const MARGIN_MS = 2 * 3_600_000;

/**
 * Gives a table that has one partition without end the partitioning that is set now: that partition ends at a near midnight, and
 * day or month partitions follow. Other changes need no command, for new partitions are made as they are set, and old ones
 * stay as they are until retention drops them.
 * Records are written meanwhile; interrupted anywhere, it goes on when it is started again.
 * @returns what it did, a line each
 */
export async function repartition(db: Queryable, partitioning: Partitioning): Promise<string[]> {
  await db.query('SELECT pg_advisory_lock($1)', [LAYOUT_LOCK]);
  try {
    const open = (await readPartitions(db)).find(({ to }) => to === Infinity);
    if (!open) return ['nothing to do: all partitions end, and the next ones are made as EZ_LOG_PARTITIONING says'];
    if (partitioning === 'off') return ['nothing to do: the last partition has no end'];
    return [await end(db, open, partitioning)];
  } finally {
    await db.query('SELECT pg_advisory_unlock($1)', [LAYOUT_LOCK]);
  }
}

async function end(db: Queryable, open: Partition, partitioning: Partitioning): Promise<string> {
  const to = unitAround(Date.now() + MARGIN_MS, partitioning).to;
  const ended = { from: open.from, to };
  await promise(db, open, to);
  await patiently(() => swap(db, open, ended));
  return `${open.name} became ${partitionName(ended)}, which ends at ${new Date(to).toISOString()}`;
}

/** A check that holds for what comes from now on, and then for what is there: neither keeps writers waiting. */
async function promise(db: Queryable, { name }: Partition, to: number): Promise<void> {
  const until = `CHECK (at < '${new Date(to).toISOString()}')`;
  await patiently(async () => {
    await db.query(`SET lock_timeout = '500ms'`);
    await db.query(
      `ALTER TABLE logs.${name} DROP CONSTRAINT IF EXISTS ${UNTIL_CHECK}, ADD CONSTRAINT ${UNTIL_CHECK} ${until} NOT VALID`,
    );
  });
  await db.query(`ALTER TABLE logs.${name} VALIDATE CONSTRAINT ${UNTIL_CHECK}`);
}

/** The only moment in which writers wait: nothing is read or moved. */
async function swap(db: Queryable, { name }: Partition, ended: Range): Promise<void> {
  await db.query(
    `SET lock_timeout = '500ms';
     ALTER TABLE logs.records DETACH PARTITION logs.${name};
     ALTER TABLE logs.records ATTACH PARTITION logs.${name} ${boundsOf(ended)};
     ALTER TABLE logs.${name} DROP CONSTRAINT ${UNTIL_CHECK};
     ALTER TABLE logs.${name} RENAME TO ${partitionName(ended)}`,
  );
}

const TRIES = 100;

/** Gives way to those who hold the lock, rather than let others queue up behind. */
async function patiently(work: () => Promise<void>, triesLeft = TRIES): Promise<void> {
  try {
    await work();
  } catch (error) {
    const LOCK_NOT_AVAILABLE = '55P03';
    if ((error as { code?: string }).code !== LOCK_NOT_AVAILABLE || triesLeft === 1) throw error;
    await new Promise((resolve) => setTimeout(resolve, 200));
    await patiently(work, triesLeft - 1);
  }
}
