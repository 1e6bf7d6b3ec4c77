import { Injectable } from '@nestjs/common';
import type { SyncKind } from '../contract/redis-keys.js';
import { RefusedError } from './apply-writer.js';
import { Comparison } from './comparison.js';
import { unrepaired } from './drift.js';
import { HeldReader } from './held-reader.js';
import { Holds } from './holds.js';
import { ReconcileReports, type ReconcileReport } from './reconcile-reports.js';
import { isWrongType } from './redis-store.js';
import { SyncRequests } from './sync-requests.js';
import { SyncTools } from './sync-tools.js';

/** A page may meet a Redis that has just been emptied, or swapped; the same page again and again is something else. */
const ATTEMPTS = 5;

/** Of the time that a page takes: a run of its own accord takes a third of what one core can do. */
const PAUSE_FACTOR = 2;

const ERROR_LENGTH = 500;

/** What the dispatcher has to do before the next page. */
export interface Turn {
  /** Wait, unless there is news; undefined: nothing is to be compared until somebody begins. */
  pauseMs?: number;
  /** Look at Redis as a whole: it does not follow, or holds a hash that has another type. */
  needs?: 'attempt' | 'snapshot';
}

interface Run {
  report: ReconcileReport;
  comparison: Comparison;
  attempts: number;
  /** Its hash has another type: a full snapshot has been asked for. */
  replacing: SyncKind | undefined;
}

/**
 * Compares everything in Redis with PostgreSQL, again and again, though nothing should ever differ: what it finds was made
 * by somebody else, or is a fault. It has no time of its own: the dispatcher gives it a page when there is nothing to dispatch.
 */
@Injectable()
export class Reconciler {
  private run: Run | undefined;
  private isDue = false;

  constructor(
    private readonly tools: SyncTools,
    private readonly reader: HeldReader,
    private readonly reports: ReconcileReports,
    private readonly holds: Holds,
    private readonly requests: SyncRequests,
  ) {}

  /** The run that is going on. */
  get current(): ReconcileReport | undefined {
    return this.run && reportOf(this.run);
  }

  /** A run begins with the next step, unless one is going on. One that was asked for begins after that, and without this. */
  begin(): void {
    this.isDue ||= !this.run;
  }

  /** One page. Never throws: what fails ends the run. */
  async step(fence: string | undefined): Promise<Turn> {
    if (fence === undefined) return this.abandon();
    if (!this.run && !this.isDue && this.requests.open('reconcile').length === 0) return {};
    this.run ??= this.start();
    const { run } = this;
    const from = Date.now();
    try {
      const isMore = await run.comparison.next(fence);
      this.compared(run);
      if (!isMore) await this.complete(run);
      const isAwaited = run.report.ids.length > 0;
      return { pauseMs: isAwaited || !isMore ? 0 : (Date.now() - from) * PAUSE_FACTOR };
    } catch (error) {
      return this.failed(run, error);
    }
  }

  private start(): Run {
    this.isDue = false;
    return {
      report: {
        ids: this.requests.open('reconcile'),
        started_at: new Date(),
        finished_at: null,
        resources: 0,
        drift: [],
        error: null,
      },
      comparison: new Comparison(this.tools, this.reader, (losses) =>
        this.holds.permits({ cause: 'reconcile', source: null, losses }),
      ),
      attempts: 0,
      replacing: undefined,
    };
  }

  private async complete(run: Run): Promise<void> {
    const isHeld = run.comparison.losses.length > 0 && unrepaired(run.comparison.drift.list) > 0;
    if (!isHeld) await this.holds.lift('reconcile');
    await this.finish(run, isHeld ? 'it would take away too much to do it unasked' : null);
  }

  private compared(run: Run): void {
    const { replacing: kind } = run;
    if (kind) run.comparison.drift.add({ kind, type: 'payload', found: 0, repaired: 1 });
    run.replacing = undefined;
    run.attempts = 0;
  }

  private async failed(run: Run, error: unknown): Promise<Turn> {
    const isOtherType = isWrongType(error);
    if (isOtherType && !run.replacing) {
      const { kind, drift } = run.comparison;
      drift.add({ kind, type: 'payload', found: 1, repaired: 0 });
      run.replacing = kind;
    }
    const isWorthAnother = (isOtherType || error instanceof RefusedError) && ++run.attempts < ATTEMPTS;
    if (isWorthAnother) return { needs: isOtherType ? 'snapshot' : 'attempt' };
    await this.finish(run, error instanceof Error ? error.message : String(error));
    return {};
  }

  private async finish(run: Run, error: string | null): Promise<void> {
    this.run = undefined;
    const report = { ...reportOf(run), finished_at: new Date(), error: error?.slice(0, ERROR_LENGTH) ?? null };
    await this.requests.settle(report.ids);
    await this.reports.record(report);
  }

  /** Another replica leads now, and answers who has asked. */
  private async abandon(): Promise<Turn> {
    this.isDue = false;
    if (!this.run) return {};
    this.run.report.ids = [];
    await this.finish(this.run, 'this replica no longer dispatches');
    return {};
  }
}

const reportOf = ({ report, comparison }: Run): ReconcileReport => ({
  ...report,
  resources: comparison.resources,
  drift: comparison.drift.list,
});
