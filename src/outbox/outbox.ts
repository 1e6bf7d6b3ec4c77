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
 * The commit of a seal doesn't wait for the disk, so the next writer gets the head at once; the flush behind it does, and
 * PostgreSQL flushes for all who wait at a time. Both are one message: no pooler can send them to different servers, and
 * a server that crashes in between answers neither.
 */
const COMMIT_SEALED = `COMMIT; SELECT ${FLUSH}`;
/** Without a seal nobody waits for the head, and the commit is flushed by itself. */
const COMMIT = 'COMMIT';

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
  write<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.retried(() => this.attempt(work, sealed));
  }

  /** The same for work that may change no configuration, as counting and asking do: it takes a version only if it has. */
  writeIfDeclared<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.retried(() => this.attempt(work, sealedIfDeclared));
  }

  private async retried<T>(run: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await run();
      } catch (error) {
        if (attempt === ATTEMPTS || !isDeadlock(error)) throw error;
      }
    }
  }

  private async attempt<T>(work: (tx: Tx) => Promise<T>, end: End): Promise<T> {
    const runner = this.database.createQueryRunner();
    const idempotency = requestContext()?.idempotency;
    try {
      await runner.startTransaction();
      await idempotency?.claim(runner.manager);
      const tx = new Tx(runner.manager);
      const result = await work(tx);
      const ended = this.metrics.headWait.startTimer();
      const receipt = await end(tx);
      ended();
      if (idempotency) idempotency.hold(this.held(runner, receipt));
      else await this.commit(runner, receipt);
      return result;
    } catch (error) {
      await abandon(runner);
      throw error;
    }
  }

  private held(runner: QueryRunner, receipt: Receipt | undefined): HeldTransaction {
    return {
      receipt,
      query: (sql: string, parameters?: unknown[]) => runner.query(sql, parameters),
      commit: () => this.commit(runner, receipt),
      rollback: () => abandon(runner),
    };
  }

  private async commit(runner: QueryRunner, receipt: Receipt | undefined): Promise<void> {
    await runner.query(receipt ? COMMIT_SEALED : COMMIT);
    await runner.release();
    if (!receipt) return;
    this.metrics.writes.inc();
    const context = requestContext();
    if (context) context.receipt = receipt;
    this.signal.committed(receipt);
  }
}

type End = (tx: Tx) => Promise<Receipt | undefined>;

const sealed: End = (tx) => seal(tx);
const sealedIfDeclared: End = async (tx) => (tx.isSilent ? undefined : seal(tx));

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
