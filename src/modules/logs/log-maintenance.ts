import { type BeforeApplicationShutdown, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import type pg from 'pg';
import { Config } from '../../config/config.js';
import { LogDatabase } from '../../log-database/log-database.js';
import { readPartitions } from '../../log-database/partitions.js';
import { PartitionKeeper } from './partition-keeper.js';
import { Retention } from './retention.js';

const EVERY_MS = 60_000;
/** Any number that every EZ-API release agrees on. */
const MAINTENANCE_LOCK = 7_361_409;

/** Makes partitions ahead and drops old ones. Every minute, in one replica at a time: whoever gets the lock. */
@Injectable()
export class LogMaintenance implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private running: Promise<void> | undefined;
  private readonly stopping = new AbortController();
  private readonly logger = new Logger(LogMaintenance.name);

  constructor(
    private readonly config: Config,
    private readonly database: LogDatabase,
    private readonly partitions: PartitionKeeper,
    private readonly retention: Retention,
  ) {}

  onApplicationBootstrap(): void {
    void this.run();
  }

  /** One run at a time: an interval fires whether the last one is over or not. */
  @Interval(EVERY_MS)
  run(): Promise<void> {
    this.running ??= this.runAlone()
      .catch((error: unknown) => this.logger.warn(`the log tables were not looked after: ${(error as Error).message}`))
      .finally(() => (this.running = undefined));
    return this.running;
  }

  /** The pool is closed next. Whatever runs may be broken off anywhere: the next run goes on with it. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async runAlone(): Promise<void> {
    const client = await this.database.writes.connect();
    const leave = once(() => client.release(true));
    this.stopping.signal.addEventListener('abort', leave);
    try {
      const { rows } = await client.query<{ won: boolean }>('SELECT pg_try_advisory_lock($1) AS won', [
        MAINTENANCE_LOCK,
      ]);
      if (rows[0]!.won) await this.lookAfter(client);
    } finally {
      // The lock ends with the session.
      leave();
      this.stopping.signal.removeEventListener('abort', leave);
    }
  }

  private async lookAfter(client: pg.ClientBase): Promise<void> {
    await this.partitions.makeAhead();
    await this.retention.run(client);
    const isOpen = (await readPartitions(client)).some(({ from, to }) => from === -Infinity && to === Infinity);
    if (isOpen && this.config.log.partitioning !== 'off') {
      this.logger.warn('the records have one partition without end: `logs repartition` changes that');
    }
  }
}

function once(work: () => void): () => void {
  let isDone = false;
  return () => {
    if (!isDone) work();
    isDone = true;
  };
}
