import { configVersion } from '../../contract/sync-records.js';
import type { Head } from '../head.js';
import type { DataPlane } from './ack.js';
import { planeStandingOf, type DataPlaneLag } from './data-plane-lag.js';
import { DATA_PLANES_MAX, type KnownDataPlanes } from './data-planes.js';
import type { DataPlanesView, DataPlaneView } from './data-planes.dto.js';

/** As long as a node may be silent: until then its last word may be older than what it serves. */
const LAG_MAX_MS = 30_000;
const REASONS_MAX = 5;

export interface DataPlaneReport {
  view: DataPlanesView;
  /** What somebody has to look at. */
  faults: string[];
  /** What may end by itself. */
  delays: string[];
}

export interface SeenDataPlanes {
  head: Head;
  known: KnownDataPlanes;
  /** One for each node. */
  lags: readonly DataPlaneLag[];
}

export function toDataPlaneReport({ head, known, lags }: SeenDataPlanes): DataPlaneReport {
  const { nodes, isComplete } = known;
  const faults = shortened(nodes.flatMap((node) => faultOf(node, head) ?? []));
  const delays = shortened(nodes.flatMap((node, i) => delayOf(node, lags[i]!, head) ?? []));
  if (!isComplete)
    faults.push(`More than ${DATA_PLANES_MAX} data planes are registered, and the others are not looked at`);
  const state = nodes.length === 0 ? 'none' : faults.length > 0 ? 'refusing' : delays.length > 0 ? 'lagging' : 'ok';
  const summary = summaryOf(state, nodes.length, [...faults, ...delays]);
  return { view: { state, summary, nodes: nodes.map((node, i) => toView(node, lags[i]!)) }, faults, delays };
}

export function unknownDataPlanes(reason: string): DataPlaneReport {
  const fault = `What data planes serve is not known: ${reason}`;
  return { view: { state: 'unknown', summary: fault, nodes: [] }, faults: [fault], delays: [] };
}

function faultOf(node: DataPlane, head: Head): string | undefined {
  const name = `Data plane ${node.node}`;
  if (node.state === 'nack') return `${name} refuses the configuration${node.error ? `: ${node.error}` : ''}`;
  if (node.state === 'unreadable') return `${name} cannot be understood: ${node.error}`;
  if (planeStandingOf(node, head) !== 'ahead') return undefined;
  const { gen, version } = node.acknowledged!;
  return `${name} serves ${configVersion(gen, version)}, which this database does not know`;
}

function delayOf(node: DataPlane, { ms }: DataPlaneLag, head: Head): string | undefined {
  const name = `Data plane ${node.node}`;
  if (planeStandingOf(node, head) === 'outdated') return `${name} serves an earlier generation of the configuration`;
  if (ms === null || ms <= LAG_MAX_MS) return undefined;
  return `${name} lacks a change that is ${Math.round(ms / 1000)} s old`;
}

function shortened(reasons: string[]): string[] {
  const more = reasons.length - REASONS_MAX;
  return more > 0 ? [...reasons.slice(0, REASONS_MAX), `… and so for ${more} more`] : reasons;
}

function summaryOf(state: DataPlanesView['state'], count: number, reasons: string[]): string {
  if (state === 'none') return 'No data plane is known';
  if (reasons.length > 0) return reasons.join('; ');
  return count === 1 ? 'The data plane follows' : `All ${count} data planes follow`;
}

const toView = (
  { node, state, acknowledged, error, software, started_at, last_seen_at }: DataPlane,
  { versions, ms }: DataPlaneLag,
): DataPlaneView => ({
  node,
  state,
  gen: acknowledged?.gen ?? null,
  version: acknowledged?.version ?? null,
  lag: { versions, ms },
  error,
  software,
  started_at,
  last_seen_at,
});
