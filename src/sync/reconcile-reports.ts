import { Injectable, Logger } from '@nestjs/common';
import { DriftTally, unrepaired, type DriftCount } from './drift.js';
import { SyncDatabase } from './sync-database.js';
import { SyncMetrics } from './sync-metrics.js';

/** Channel on which the others hear what came of a run; payload: a report. */
export const RECONCILED_CHANNEL = 'ez_reconciled';

/** What a run of the reconciler did. */
export interface ReconcileReport {
  /** Requests that it answers. */
  ids: readonly string[];
  started_at: Date;
  finished_at: Date | null;
  /** Compared, of PostgreSQL's. */
  resources: number;
  drift: DriftCount[];
  error: string | null;
}

type Waiter = (report: ReconcileReport | undefined) => void;

/** What came of all runs that this replica made or heard of, and who waits for one. */
@Injectable()
export class ReconcileReports {
  /** The one that has ended last. */
  last: ReconcileReport | null = null;
  /** Of all runs since this process started. */
  readonly drift = new DriftTally();
  private readonly waiters = new Map<string, Waiter>();
  private readonly logger = new Logger('Reconciler');

  constructor(
    private readonly database: SyncDatabase,
    private readonly metrics: SyncMetrics,
  ) {}

  /** @returns the report of the run that answers this request, or undefined if there is none in time */
  waitFor(id: string, timeoutMs: number): Promise<ReconcileReport | undefined> {
    return new Promise((resolve) => {
      const finish: Waiter = (report) => {
        clearTimeout(timer);
        this.waiters.delete(id);
        resolve(report);
      };
      const timer = setTimeout(() => finish(undefined), timeoutMs);
      this.waiters.set(id, finish);
    });
  }

  /** Of a run of this process. */
  async record(report: ReconcileReport): Promise<void> {
    this.keep(report);
    for (const count of report.drift) this.metrics.drifted(count);
    this.log(report);
    await this.database
      .query('SELECT pg_notify($1, $2)', [RECONCILED_CHANNEL, JSON.stringify(report)])
      .catch((error: Error) => this.logger.debug(`others do not hear of a run: ${error.message}`));
  }

  /** Of a run of any process; its own it knows already. */
  hear(payload: string): void {
    const { started_at, finished_at, ...report } = JSON.parse(payload) as Announced;
    const isKnown = this.last?.started_at.toISOString() === started_at;
    if (!isKnown) this.keep({ ...report, started_at: new Date(started_at), finished_at: new Date(finished_at) });
  }

  private keep(report: ReconcileReport): void {
    this.last = report;
    for (const count of report.drift) this.drift.add(count);
    for (const id of report.ids) this.waiters.get(id)?.(report);
  }

  private log({ drift, error }: ReconcileReport): void {
    if (error !== null) this.logger.warn(`gave up: ${error}`);
    if (drift.length === 0) return;
    const counts = drift.map(({ kind, type, found }) => `${found} ${kind} ${type}`).join(', ');
    this.logger.warn(`Redis had drifted: ${counts}; not repaired: ${unrepaired(drift)}`);
  }
}

type Announced = Omit<ReconcileReport, 'started_at' | 'finished_at'> & Record<'started_at' | 'finished_at', string>;
