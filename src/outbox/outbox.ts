import { Injectable } from '@nestjs/common';
import { DataSource, type QueryRunner } from 'typeorm';
import { requestContext, type HeldTransaction, type Receipt } from '../common/request-context.js';
import { FLUSH } from '../database/durable.js';
import { CommitSignal } from './commit-signal.js';
import { seal } from './seal.js';
import { Tx } from './tx.js';
import { WriteMetrics } from './write-metrics.js';

const DEADLOCK_DETECTED = '40P01';
const ATTEMPTS = 3;

/**
 * The commit itself doesn't wait for the disk, so the next writer gets the head at once; the flush behind it does, and
 * PostgreSQL flushes for all who wait at a time. Both are one message: no pooler can send them to different servers, and
 * a server that crashes in between answers neither.
 */
const COMMIT = `COMMIT; SELECT ${FLUSH}`;

/** The only way to change configuration: one transaction of rows, touched resources and operation log. */
@Injectable()
export class Outbox {
  constructor(
    private readonly database: DataSource,
    private readonly signal: CommitSignal,
    private readonly metrics: WriteMetrics,
  ) {}

  /**
   * Runs `work` in a transaction that commits as one configuration version, or not at all.
   * `work` may run again after a deadlock, so it must have no effect outside its transaction.
   */
  async write<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.attempt(work);
      } catch (error) {
        if (attempt === ATTEMPTS || !isDeadlock(error)) throw error;
      }
    }
  }

  private async attempt<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    const runner = this.database.createQueryRunner();
    const idempotency = requestContext()?.idempotency;
    try {
      await runner.startTransaction();
      await idempotency?.claim(runner.manager);
      const tx = new Tx(runner.manager);
      const result = await work(tx);
      const ended = this.metrics.headWait.startTimer();
      const receipt = await seal(tx);
      ended();
      if (idempotency) idempotency.hold(this.held(runner, receipt));
      else await this.commit(runner, receipt);
      return result;
    } catch (error) {
      await abandon(runner);
      throw error;
    }
  }

  private held(runner: QueryRunner, receipt: Receipt): HeldTransaction {
    return {
      receipt,
      query: (sql: string, parameters?: unknown[]) => runner.query(sql, parameters),
      commit: () => this.commit(runner, receipt),
      rollback: () => abandon(runner),
    };
  }

  private async commit(runner: QueryRunner, receipt: Receipt): Promise<void> {
    await runner.query(COMMIT);
    await runner.release();
    this.metrics.writes.inc();
    const context = requestContext();
    if (context) context.receipt = receipt;
    this.signal.committed(receipt);
  }
}

/** The error that brought us here is the one to report. A connection that can't even roll back must not return to the pool. */
async function abandon(runner: QueryRunner): Promise<void> {
  if (runner.isTransactionActive) await runner.rollbackTransaction().catch(() => destroyConnection(runner));
  if (!runner.isReleased) await runner.release();
}

async function destroyConnection(runner: QueryRunner): Promise<void> {
  const client = (await runner.connect()) as { connection?: { stream?: { destroy(): void } } } | undefined;
  client?.connection?.stream?.destroy();
}

const isDeadlock = (error: unknown): boolean =>
  (error as { driverError?: { code?: string } }).driverError?.code === DEADLOCK_DETECTED;
