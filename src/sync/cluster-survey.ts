import { parseMarker, type FoundMarker, type Marker } from './marker.js';
import type { SeenShard } from './shards.js';
import { oldest } from './versions.js';

/** Some slots do not answer. What the others hold is not touched but to take access away. */
export class ShardFault extends Error {
  override readonly name = 'ShardFault';
}

/** Everything in a cluster that says how far it has come, as it was found. */
export interface Findings {
  whole: PromiseSettledResult<FoundMarker>;
  places: PromiseSettledResult<FoundMarker>[];
  shards: PromiseSettledResult<SeenShard>[];
}

export interface Verdict {
  found: FoundMarker;
  /** What is said of the whole and is more than is there: it is to say what `found` says. */
  overstatement?: string;
}

/** Throws if nothing can be done until all of it answers. */
export function judge({ whole, places, shards }: Findings): Verdict {
  const isRejected = (result: PromiseSettledResult<unknown>): result is PromiseRejectedResult =>
    result.status === 'rejected';
  const failures = [whole, ...places, ...shards].filter(isRejected);
  const said = valuesOf([whole])[0];
  const parts = [...valuesOf(places), ...valuesOf(shards).filter(isListed(said?.marker))].map(({ marker }) => marker);
  if (failures.length > 0) return { found: partly(said?.marker ?? parts[0], parts, failures) };

  const names = valuesOf(places).map(({ name }) => name);
  const named = (found: FoundMarker): FoundMarker => ({ ...found, name: [found.name, ...names].join('\n') });
  const { marker } = said!;
  const version = marker && lowest(marker, parts);
  if (version === marker?.version) return { found: named(said!) };
  const found = version === undefined ? parseMarker({}) : parseMarker({ ...marker, version });
  return { found: named(found), overstatement: said!.name };
}

/** Of each place beside the whole, in their order, or one for all of them. */
export const namesIn = (name: string): string[] => name.split('\n');

/** Slots that were vouched for. A shard without them is new, and has lost nothing. */
export const listedSlots = (marker: Marker | undefined): number[] =>
  (marker?.shards ?? '').split(',').filter(Boolean).map(Number);

const isListed = (marker: Marker | undefined) => {
  const slots = new Set(listedSlots(marker));
  return ({ slot }: SeenShard): boolean => slots.has(slot);
};

const valuesOf = <T>(results: PromiseSettledResult<T>[]): T[] =>
  results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));

/** Up to where everything is there; undefined: some of it is gone, or of another history. */
function lowest({ gen, source, version }: Marker, parts: readonly (Marker | undefined)[]): string | undefined {
  const isThere = parts.every((part) => part?.gen === gen && part.source === source);
  return isThere ? parts.reduce((low, part) => oldest(low, part!.version), version) : undefined;
}

function partly(
  marker: Marker | undefined,
  parts: readonly (Marker | undefined)[],
  failures: readonly PromiseRejectedResult[],
): FoundMarker {
  const fault = new ShardFault(`Part of the cluster does not answer: ${(failures[0]!.reason as Error).message}`);
  const version = marker && lowest(marker, parts);
  if (version === undefined) throw fault;
  return { name: '', marker: { ...marker!, version }, fault };
}
