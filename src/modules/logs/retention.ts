import { Injectable, Logger } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { Config } from '../../config/config.js';
import {
  dropLeftovers,
  dropPartition,
  type Partition,
  type Queryable,
  readPartitions,
} from '../../log-database/partitions.js';
import { LogMetrics } from './log-metrics.js';

const DAY_MS = 86_400_000;
/** Rows that are deleted at once, where there is no partition to drop. */
const CHUNK = 5_000;
/** Then the disk belongs to others again for a while. */
const RUN_MS = 5 * 60_000;
/** As long as answers to an `Idempotency-Key`. */
const BATCHES_KEPT = '1 day';

/** Drops what is older than `EZ_LOG_RETENTION_DAYS`, and the oldest of what is more than `EZ_LOG_MAX_RECORDS`. */
@Injectable()
export class Retention {
  private readonly logger = new Logger(Retention.name);

  constructor(
    private readonly config: Config,
    private readonly metrics: LogMetrics,
  ) {}

  async run(db: Queryable): Promise<void> {
    const deadline = Date.now() + RUN_MS;
    await dropLeftovers(db);
    await this.dropOld(db, deadline);
    await this.dropSurplus(db, deadline);
    await inChunks(db, { sql: FORGET_BATCHES, values: [], rowsMax: Infinity, deadline });
    this.metrics.lastRetention.setToCurrentTime();
  }

  private async dropOld(db: Queryable, deadline: number): Promise<void> {
    const cutoff = Date.now() - this.config.log.retention_days * DAY_MS;
    for (const partition of await readPartitions(db)) {
      // What somebody else detaches is not ours.
      if (partition.isLeaving ? partition.isExpired : partition.to <= cutoff) await this.drop(db, partition);
      else if (partition.from === -Infinity) {
        const values = [new Date(cutoff)];
        await inChunks(db, { sql: deleteBefore(partition), values, rowsMax: Infinity, deadline });
      }
    }
  }

  /** By the estimates of PostgreSQL: to count millions of rows would cost more than it is worth. */
  private async dropSurplus(db: Queryable, deadline: number): Promise<void> {
    const { max_records: max } = this.config.log;
    if (max === 0) return;
    const partitions = (await readPartitions(db)).filter(({ isLeaving }) => !isLeaving);
    let surplus = partitions.reduce((sum, { records }) => sum + records, 0) - max;
    for (const partition of partitions) {
      if (surplus <= 0) return;
      if (partition.to <= Date.now()) await this.drop(db, partition);
      else if (partition.from === -Infinity) {
        const sql = deleteBefore(partition);
        await inChunks(db, { sql, values: [new Date()], rowsMax: surplus, deadline });
      }
      surplus -= partition.records;
    }
  }

  private async drop(db: Queryable, partition: Partition): Promise<void> {
    await dropPartition(db, partition);
    this.metrics.partitionsDropped.inc();
    this.logger.log(`dropped ${partition.name}, about ${partition.records} records`);
  }
}

/** Oldest first, along the index; `$1` is the cutoff, the last parameter the number. */
const deleteBefore = ({ name }: Partition): string =>
  `DELETE FROM logs.${name} WHERE ctid = ANY (ARRAY (
     SELECT ctid FROM logs.${name} WHERE at < $1 ORDER BY at, id LIMIT $2))`;

const FORGET_BATCHES = `
  DELETE FROM logs.batches WHERE ctid = ANY (ARRAY (
    SELECT ctid FROM logs.batches WHERE at < now() - interval '${BATCHES_KEPT}' ORDER BY at LIMIT $1))`;

interface Deletion {
  sql: string;
  values: unknown[];
  rowsMax: number;
  deadline: number;
}

/** Pauses as long as it works, for the sake of those who write and read. */
async function inChunks(db: Queryable, { sql, values, rowsMax, deadline }: Deletion): Promise<void> {
  for (let left = rowsMax; left > 0 && Date.now() < deadline; left -= CHUNK) {
    const startedAt = performance.now();
    const limit = Math.min(CHUNK, left);
    const { rowCount } = await db.query(sql, [...values, limit]);
    if ((rowCount ?? 0) < limit) return;
    await sleep(performance.now() - startedAt);
  }
}
