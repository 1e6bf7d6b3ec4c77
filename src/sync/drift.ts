import { isDeepStrictEqual } from 'node:util';
import type { SyncKind } from '../contract/redis-keys.js';
import { hasRecord, hashOf, type Resource } from './resource.js';
import { isNewer } from './versions.js';

/**
 * - `missing`: Redis does not have it.
 * - `extra`: Redis has it, PostgreSQL does not.
 * - `payload`: Redis has something else than PostgreSQL said at that version.
 * - `ahead`: Redis claims a version that PostgreSQL has not given to it.
 */
export const DRIFT_TYPES = ['missing', 'extra', 'payload', 'ahead'] as const;

export type DriftType = (typeof DRIFT_TYPES)[number];

/** What Redis holds for one resource. */
export interface Held {
  field?: string;
  /** Of the field; '' without one. */
  version: string;
  record?: Record<string, string>;
  /** Its record is there, but is no hash. */
  isOtherType?: boolean;
}

/** What stands in Redis and should not, if it does. `isSame` tells whether two fields of that kind say the same. */
export function driftOf(
  wanted: Resource,
  held: Held,
  gen: string,
  isSame: (a: string, b: string) => boolean,
): DriftType | undefined {
  const ofField = hashOf(wanted.kind) === undefined ? undefined : fieldDrift(wanted, held, isSame);
  return ofField ?? (hasRecord(wanted.kind) ? recordDrift(wanted, held, gen) : undefined);
}

function fieldDrift(
  { field, version }: Resource,
  held: Held,
  isSame: (a: string, b: string) => boolean,
): DriftType | undefined {
  if (isAhead(held.version, version)) return 'ahead';
  if (field === undefined) return held.field === undefined ? undefined : 'extra';
  if (held.field === undefined) return 'missing';
  return held.version === version && isSame(held.field, field) ? undefined : 'payload';
}

function recordDrift({ record, version }: Resource, held: Held, gen: string): DriftType | undefined {
  const isThere = held.record !== undefined || held.isOtherType === true;
  if (!record) return isThere ? 'extra' : undefined;
  if (!isThere) return 'missing';
  const { gen: heldGen = '', ver = '' } = held.record ?? {};
  if (isAhead(heldGen, gen) || (heldGen === gen && isAhead(ver, version))) return 'ahead';
  return isDeepStrictEqual({ ...held.record }, { ...record, gen }) ? undefined : 'payload';
}

/** What is no number is no version. */
const isAhead = (held: string, version: string): boolean => /^\d+$/.test(held) && isNewer(held, version);

export interface DriftCount {
  kind: SyncKind;
  type: DriftType;
  found: number;
  repaired: number;
}

/** How much was found and repaired, of each kind and type of which there was any. */
export class DriftTally {
  private readonly counts = new Map<string, DriftCount>();

  add({ kind, type, found, repaired }: DriftCount): void {
    const count = this.counts.get(`${kind} ${type}`) ?? { kind, type, found: 0, repaired: 0 };
    count.found += found;
    count.repaired += repaired;
    this.counts.set(`${kind} ${type}`, count);
  }

  get list(): DriftCount[] {
    return [...this.counts.values()].map((count) => ({ ...count }));
  }
}

/** Found, and still there. */
export const unrepaired = (drift: readonly DriftCount[]): number =>
  drift.reduce((sum, { found, repaired }) => sum + found - repaired, 0);
