import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import type pg from 'pg';
import { LogDatabase } from '../../log-database/log-database.js';
import { inTransaction } from '../../log-database/transaction.js';
import { moveDeltas } from './compaction.js';
import { Portion } from './portion.js';
import { tryLockRollups } from './rollup-lock.js';

const PERIOD_MS = 10_000;

/** Work of a tenth of the time at most: when much comes in, more of it is summed up at once, which is cheaper. */
const REST_FACTOR = 9;
/** What waits is read by everybody who asks, so it must not get too much either. */
const LONGEST_REST_MS = 30_000;

/** Rows that were deleted are still read over by everybody until they are cleared away. */
const WORTH_CLEARING = 5_000;

/** Sums up what flushes have appended. Every replica tries; the one that gets the lock does it, the others find that it was done. */
@Injectable()
export class Compactor implements BeforeApplicationShutdown {
  private running: Promise<number> | undefined;
  private restUntil = 0;
  private isStopping = false;
  /** The process of PostgreSQL that moves deltas. */
  private backend: number | undefined;
  private readonly portion = new Portion();
  private readonly logger = new Logger(Compactor.name);

  constructor(private readonly database: LogDatabase) {}

  @Interval('rollups:compaction', PERIOD_MS)
  async tick(): Promise<void> {
    if (this.running || performance.now() < this.restUntil) return;
    const startedAt = performance.now();
    await this.run(PERIOD_MS / 2).catch((error: Error) => this.logger.warn(`roll-ups wait: ${error.message}`));
    this.restUntil = performance.now() + restAfter(performance.now() - startedAt);
  }

  /**
   * Moves all deltas that are there.
   * @param minAgeMs leaves them if they were moved more recently, by whomever
   * @returns how many were moved
   */
  run(minAgeMs = 0): Promise<number> {
    this.running ??= this.moveAll(minAgeMs).finally(() => (this.running = undefined));
    return this.running;
  }

  /** The pool is closed next. What is being moved may take longer than a server has to stop; undone, it is moved by the next one. */
  async beforeApplicationShutdown(): Promise<void> {
    this.isStopping = true;
    if (this.backend !== undefined) this.cancel(this.backend);
    await this.running?.catch(() => undefined);
  }

  /** A database that doesn't answer any more is not waited for. */
  private cancel(backend: number): void {
    this.database.writes.query('SELECT pg_cancel_backend($1)', [backend]).catch(() => undefined);
  }

  private async moveAll(minAgeMs: number): Promise<number> {
    let all = 0;
    for (let isMore = true; isMore && !this.isStopping;) {
      const { moved, most } = await this.movePortion(all > 0 ? 0 : minAgeMs);
      all += moved;
      isMore = moved === most;
    }
    if (all >= WORTH_CLEARING) await this.database.writes.query('VACUUM (TRUNCATE false) logs.rollup_deltas');
    return all;
  }

  private async movePortion(minAgeMs: number): Promise<{ moved: number; most: number }> {
    const { size: most } = this.portion;
    const startedAt = performance.now();
    try {
      const moved = await inTransaction(this.database.writes, 'write', (client) =>
        this.moveIfDue(client, minAgeMs, most),
      );
      if (moved === most) this.portion.passed(performance.now() - startedAt);
      return { moved, most };
    } catch (error) {
      this.portion.failed(error);
      throw error;
    } finally {
      this.backend = undefined;
    }
  }

  private async moveIfDue(client: pg.ClientBase, minAgeMs: number, most: number): Promise<number> {
    if (!(await tryLockRollups(client))) return 0;
    const { rows } = await client.query<{ due: boolean; backend: number }>(
      `SELECT compacted_at <= now() - $1 * interval '1 ms' AS due, pg_backend_pid() AS backend FROM logs.rollup_state`,
      [minAgeMs],
    );
    this.backend = rows[0]!.backend;
    return rows[0]!.due && !this.isStopping ? moveDeltas(client, most) : 0;
  }
}

export const restAfter = (tookMs: number): number => Math.min(REST_FACTOR * tookMs, LONGEST_REST_MS);
