import type { MarkerRecord } from '../contract/sync-records.js';
import type { Head } from './head.js';
import { isNewer } from './versions.js';

/** Which configuration a Redis holds, and who put it there last. */
export type Marker = Omit<MarkerRecord, 'schema'> & {
  /** Requests that the last full snapshot has answered, separated by commas. */
  snapshot: string;
};

export interface FoundMarker {
  /** Names exactly what was found, readable or not: the side to compare of a compare-and-set. */
  name: string;
  /** Undefined: there is none that can be read. */
  marker: Marker | undefined;
  /** Part of Redis does not answer. Until it does, only what takes access away is written. */
  fault?: Error;
}

export function parseMarker(fields: Partial<Record<string, string>>): FoundMarker {
  const { gen = '', version = '', source = '', fence = '0', heartbeat = '0', snapshot = '', shards } = fields;
  const isReadable = /^\d+$/.test(gen) && /^\d+$/.test(version) && /^\d+$/.test(fence) && source !== '';
  return {
    name: markerName({ gen, version, source }),
    marker: isReadable ? { gen, version, source, fence, heartbeat, snapshot, shards } : undefined,
  };
}

export const markerName = ({ gen, version, source }: Pick<Marker, 'gen' | 'version' | 'source'>): string =>
  `${gen}/${version}/${source}`;

/**
 * - `current`, `behind`: Redis follows this database.
 * - `absent`, `outdated`: Redis lost its data, or holds an earlier generation.
 * - `alien`: Redis holds versions that this database does not have: it went back in time, or it is another database.
 */
export type Standing = 'current' | 'behind' | 'absent' | 'outdated' | 'alien';

/** The marker has to be read before the head, or commits in between look like a database that went back. */
export function standingOf(marker: Marker | undefined, head: Head): Standing {
  if (!marker) return 'absent';
  if (isNewer(head.gen, marker.gen)) return 'outdated';
  if (marker.gen !== head.gen || marker.source !== head.source || isNewer(marker.version, head.version)) return 'alien';
  return marker.version === head.version ? 'current' : 'behind';
}
