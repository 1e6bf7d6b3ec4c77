import { SYNC_KINDS, type SyncKind } from '../contract/redis-keys.js';
import type { DataPlaneReport } from './data-planes/data-plane-status.js';
import { unrepaired } from './drift.js';
import type { Head } from './head.js';
import { standingOf, type Marker, type Standing } from './marker.js';
import type { PendingKind } from './sync-resources.js';
import type { SyncStatusView } from './sync.dto.js';

/** Longer than any healthy change takes, with room for a busy moment. */
const LAG_MAX_MS = 1_000;
const HEARTBEAT_MAX_MS = 5_000;

export interface Observation {
  head: Head;
  /** Undefined: there is none, or Redis does not answer. */
  marker: Marker | undefined;
  pending: PendingKind[];
  /** Beyond the number of attempts that is accepted in silence. */
  quarantined: number;
  dispatcher: SyncStatusView['dispatcher'];
  lastSnapshot: SyncStatusView['last_snapshot'];
  reconciler: SyncStatusView['reconciler'];
  drift: SyncStatusView['drift'];
  holds: SyncStatusView['holds'];
  dataPlanes: DataPlaneReport;
  redis: SyncStatusView['redis'];
  now: Date;
}

/** All is well, or else why not, in sentences. */
export function toSyncStatus(seen: Observation): SyncStatusView {
  const held = heldReasons(seen);
  const faults = faultsOf(seen);
  const delays = faults.length === 0 ? delaysOf(seen) : [];
  return {
    state: held.length > 0 ? 'held' : faults.length > 0 ? 'degraded' : delays.length > 0 ? 'lagging' : 'ok',
    reasons: [...held, ...faults, ...delays],
    holds: seen.holds,
    head: seen.head,
    marker: seen.marker ? markerView(seen.marker) : null,
    lag: { versions: lagVersions(seen), ms: lagMs(seen) },
    pending: pendingView(seen),
    quarantined: seen.quarantined,
    dispatcher: seen.dispatcher,
    last_snapshot: seen.lastSnapshot,
    reconciler: seen.reconciler,
    drift: seen.drift,
    data_planes: seen.dataPlanes.view,
    redis: seen.redis,
  };
}

const heldReasons = ({ holds }: Observation): string[] =>
  holds
    .filter(({ confirmed_at }) => confirmed_at === null)
    .map(({ id, reason }) => `${reason}. If that is meant: POST /admin/sync/confirm {"id":"${id}"}`);

const STANDINGS: Record<Standing, string | undefined> = {
  current: undefined,
  behind: undefined,
  absent: 'Redis holds no configuration of ours',
  outdated: 'Redis holds an earlier generation of the configuration',
  alien: 'Redis holds a configuration that this database does not know',
};

function faultsOf(seen: Observation): string[] {
  const { redis, marker, head, quarantined, dispatcher } = seen;
  const standing = redis.connected ? STANDINGS[standingOf(marker, head)] : undefined;
  return [
    redis.connected ? undefined : `Redis is not reachable${redis.error ? `: ${redis.error}` : ''}`,
    standing && standing + (seen.lastSnapshot?.finished_at === null ? '; a full snapshot is on its way' : ''),
    redis.connected && dispatcher.last_error ? `The last attempt failed: ${dispatcher.last_error}` : undefined,
    redis.danger ?? undefined,
    silence(seen),
    quarantined > 0 ? `${quarantined} ${quarantined === 1 ? 'resource' : 'resources'} cannot be rendered` : undefined,
    driftFault(seen.reconciler.last_run),
    ...(redis.connected ? seen.dataPlanes.faults : []),
  ].filter((fault) => fault !== undefined);
}

function driftFault(run: SyncStatusView['reconciler']['last_run']): string | undefined {
  const count = unrepaired(run?.drift ?? []);
  if (count === 0) return undefined;
  return `Redis has drifted: ${count} ${count === 1 ? 'resource' : 'resources'} could not be repaired${run!.error ? `: ${run!.error}` : ''}`;
}

function silence({ marker, now }: Observation): string | undefined {
  if (!marker) return undefined;
  const silentMs = now.getTime() - heartbeatOf(marker).getTime();
  if (silentMs < HEARTBEAT_MAX_MS) return undefined;
  return `No dispatcher has written to Redis for ${Math.round(silentMs / 1000)} s`;
}

function delaysOf(seen: Observation): string[] {
  const ms = lagMs(seen);
  const waiting = ms > LAG_MAX_MS ? [`The oldest change has been waiting for ${Math.round(ms / 1000)} s`] : [];
  return [...waiting, ...seen.dataPlanes.delays];
}

function lagVersions({ marker, head }: Observation): number | null {
  const standing = standingOf(marker, head);
  if (standing === 'current') return 0;
  return standing === 'behind' ? Number(BigInt(head.version) - BigInt(marker!.version)) : null;
}

function lagMs({ pending, now }: Observation): number {
  const oldest = Math.min(...pending.map((each) => each.oldest.getTime()));
  return pending.length === 0 ? 0 : Math.max(0, now.getTime() - oldest);
}

function pendingView({ pending }: Observation): SyncStatusView['pending'] {
  const counts = new Map(pending.map(({ kind, count }) => [kind, count]));
  const byKind = Object.fromEntries(SYNC_KINDS.map((kind) => [kind, counts.get(kind) ?? 0])) as Record<
    SyncKind,
    number
  >;
  return { total: pending.reduce((sum, { count }) => sum + count, 0), ...byKind };
}

const markerView = (marker: Marker): SyncStatusView['marker'] => ({
  gen: marker.gen,
  version: marker.version,
  source: marker.source,
  fence: marker.fence,
  heartbeat_at: heartbeatOf(marker),
});

const heartbeatOf = ({ heartbeat }: Marker): Date => new Date(Number(heartbeat) * 1000);
