import { Injectable, Logger } from '@nestjs/common';
import type { Receipt } from '../common/request-context.js';
import { Denials } from './denials.js';
import { DispatcherHealth } from './dispatcher-health.js';
import { FullSnapshot, HeldError, type SnapshotOrder } from './full-snapshot.js';
import { Guard } from './guard.js';
import { raiseVersion, startGeneration, type Head } from './head.js';
import { Holds } from './holds.js';
import { Increment, type Progress } from './increment.js';
import type { FoundMarker, Marker } from './marker.js';
import { MarkerWatch } from './marker-watch.js';
import type { SnapshotReason, SnapshotReport } from './snapshot-report.js';
import { SyncRequests } from './sync-requests.js';
import { SyncTools } from './sync-tools.js';
import { isNewer, newest } from './versions.js';

type Run = Pick<SnapshotOrder, 'fence' | 'hasNews' | 'signal'>;

/** Makes Redis agree with PostgreSQL, by what changed or, where that can't be enough, by everything. */
@Injectable()
export class Convergence {
  private readonly logger = new Logger(Convergence.name);
  private demanded: SnapshotReason | undefined;

  constructor(
    private readonly tools: SyncTools,
    private readonly increment: Increment,
    private readonly requests: SyncRequests,
    private readonly watch: MarkerWatch,
    private readonly health: DispatcherHealth,
    private readonly guard: Guard,
    private readonly holds: Holds,
    private readonly denials: Denials,
  ) {}

  /** The next run makes a full snapshot, though Redis follows. */
  demand(reason: SnapshotReason): void {
    this.demanded = reason;
  }

  /** @returns the version that Redis holds now; undefined: it does not follow until somebody confirms */
  async run(run: Run): Promise<Receipt | undefined> {
    const found = await this.tools.store.survey(run.fence);
    await this.requests.settle(found.marker?.snapshot.split(',') ?? []);
    const progress = await this.increment.run(found, run.fence);
    if (found.fault) throw found.fault;
    const reason =
      reasonOf(progress) ?? this.demanded ?? (this.requests.open('snapshot').length > 0 ? 'requested' : undefined);
    if (!reason) {
      await this.holds.lift('takeover', 'snapshot');
      return this.reached(found.marker!, progress.head);
    }
    if (!(await this.guard.mayWrite(found, progress.head))) return undefined;
    return this.replaceAll(reason, run, found, progress);
  }

  private reached({ version, snapshot }: Marker, head: Head): Receipt {
    const reached = { ...head, version: newest(version, head.version) };
    this.watch.observe({ ...reached, snapshot });
    return reached;
  }

  private async replaceAll(
    reason: SnapshotReason,
    run: Run,
    { marker }: FoundMarker,
    progress: Progress,
  ): Promise<Receipt | undefined> {
    const head = await this.historyOf(marker, progress);
    const isEmpty = await this.tools.store.isEmpty();
    const before = isEmpty ? 'nothing' : heldBefore(reason, progress);
    const replaces = marker && marker.source !== head.source ? marker.source : undefined;
    const since = isOneHistory(progress) ? marker!.version : head.version;
    const order: SnapshotOrder = {
      ...run,
      before,
      replaces,
      since,
      ids: this.requests.open('snapshot'),
      permits: (losses) =>
        replaces === undefined
          ? this.holds.permits({ cause: 'snapshot', source: null, losses })
          : this.holds.permits({ cause: 'takeover', source: replaces, losses }),
    };
    const isFutile = !isEmpty && !(await this.guard.mayReplace());
    const reached = isFutile ? undefined : await this.replace(reason, head, order);
    if (reached) return reached;
    if (reasonOf(progress) === undefined) return this.reached(marker!, head);
    // Beside another database's configuration nothing is written at all.
    if (replaces === undefined) await this.denials.write(since);
    return undefined;
  }

  /** The head, in a generation that is newer than what Redis holds if that is not of this history. */
  private async historyOf(marker: Marker | undefined, { standing, head }: Progress): Promise<Head> {
    const isBeyond = standing === 'outdated' && isNewer(marker!.version, head.version);
    return standing === 'alien' || isBeyond ? this.begin(marker!, head) : head;
  }

  private async begin(marker: Marker, head: Head): Promise<Head> {
    const isOurs = marker.source === head.source;
    const isBegun = isNewer(head.gen, marker.gen);
    const { database } = this.tools;
    const next = isBegun ? await raiseVersion(database, marker) : await startGeneration(database, marker);
    this.logger.error(
      isOurs
        ? `PostgreSQL went back in time: Redis held ${marker.gen}.${marker.version}, the database is at ${head.gen}.${head.version}. ` +
            `Versions after ${head.version} up to ${marker.version} are lost. Generation ${next.gen} begins at version ${next.version}`
        : `Redis held version ${marker.gen}.${marker.version} of another database (${marker.source}). ` +
            `It is being replaced; generation ${next.gen} begins at version ${next.version}`,
    );
    return next;
  }

  /** @returns undefined if it has to be confirmed first */
  private async replace(reason: SnapshotReason, head: Head, order: SnapshotOrder): Promise<Receipt | undefined> {
    const report: SnapshotReport = { reason, started_at: new Date(), finished_at: null, resources: 0, error: null };
    this.health.snapshot = report;
    this.logger.log(`full snapshot: ${reason}`);
    const snapshot = new FullSnapshot(this.tools, this.increment, order, head);
    try {
      const reached = await snapshot.run();
      await this.replaced(reached, order);
      await this.collect(snapshot, reached);
      this.ended(report, snapshot);
      this.logger.log(`full snapshot: ${snapshot.resources} resources at ${reached.gen}.${reached.version}`);
      return reached;
    } catch (error) {
      report.error = error instanceof Error ? error.message : String(error);
      this.ended(report, snapshot, error);
      if (!(error instanceof HeldError)) throw error;
      this.guard.held();
      return undefined;
    }
  }

  /** Everything is in. What is left over besides goes with the next run of the reconciler. */
  private async collect(snapshot: FullSnapshot, reached: Head): Promise<void> {
    await snapshot.collect(reached).catch((error: Error) => {
      this.logger.warn(`records that nothing explains are left to the reconciler: ${error.message}`);
    });
  }

  private ended(report: SnapshotReport, { resources }: FullSnapshot, error?: unknown): void {
    report.resources = resources;
    report.finished_at = new Date();
    // One that waits has not failed, and has an alarm of its own.
    if (!(error instanceof HeldError)) this.tools.metrics.snapshotEnded(report);
  }

  private async replaced(reached: Head, { ids }: SnapshotOrder): Promise<void> {
    this.demanded = undefined;
    this.denials.end();
    await this.requests.settle(ids);
    this.watch.observe({ ...reached, snapshot: ids.join(',') });
    await this.holds.lift('takeover', 'snapshot');
  }
}

function reasonOf({ standing }: Progress): SnapshotReason | undefined {
  return standing === 'current' || standing === 'behind' ? undefined : standing;
}

function heldBefore(reason: SnapshotReason, { isAhead }: Progress): SnapshotOrder['before'] {
  if (reason === 'requested') return 'following';
  return isAhead ? 'behind' : 'unknown';
}

/** Whether the marker is one of the versions of this history, so that what changed since is known. */
const isOneHistory = ({ standing }: Progress): boolean =>
  standing !== 'absent' && standing !== 'outdated' && standing !== 'alien';
