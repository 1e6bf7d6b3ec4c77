import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { LogDatabase } from '../../log-database/log-database.js';
import { tryLockRetention } from './rollup-lock.js';
import { dropPartition, expiredPartitions } from './rollup-partitions.js';

const PERIOD_MS = 600_000;

/** Drops whole days of minutes and months of hours that need not be kept. */
@Injectable()
export class RollupRetention implements BeforeApplicationShutdown {
  private running: Promise<string[]> | undefined;
  private readonly logger = new Logger(RollupRetention.name);

  constructor(private readonly database: LogDatabase) {}

  @Interval('rollups:retention', PERIOD_MS)
  async tick(): Promise<void> {
    await this.run().catch((error: Error) => this.logger.warn(`old roll-ups stay: ${error.message}`));
  }

  /** @returns the names of the partitions that are gone */
  run(now = Date.now()): Promise<string[]> {
    this.running ??= this.dropAll(now).finally(() => (this.running = undefined));
    return this.running;
  }

  /** The pool is closed next. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.running?.catch(() => undefined);
  }

  private async dropAll(now: number): Promise<string[]> {
    const client = await this.database.writes.connect();
    try {
      if (!(await tryLockRetention(client))) return [];
      const expired = await expiredPartitions(client, now);
      for (const partition of expired) await dropPartition(client, partition);
      return expired.map(({ table }) => table);
    } finally {
      // The lock ends with the session.
      client.release(true);
    }
  }
}
