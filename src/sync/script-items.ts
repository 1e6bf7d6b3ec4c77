import { versionsOf, type SyncKind } from '../contract/redis-keys.js';
import { configVersion, encodeRefreshHint } from '../contract/sync-records.js';
import type { Head } from './head.js';
import { hasRecord, hashOf, isDeletedWithoutTrace, recordKey, type Resource, type ResourceRef } from './resource.js';

/** The keys of one call, each named once, with their positions in Lua. */
export class KeyList {
  private readonly positions = new Map<string, number>();

  constructor(readonly names: string[]) {}

  /** Names that belong together stand side by side. */
  positionOf(name: string, ...followers: string[]): number {
    let position = this.positions.get(name);
    if (position === undefined) {
      position = this.names.push(name);
      this.names.push(...followers);
      this.positions.set(name, position);
    }
    return position;
  }
}

/** How a script is told of a resource, or of a ref that no row explains. */
export type Tell = (ref: Omit<ResourceRef, 'version'>, resource: Resource | undefined, keys: KeyList) => object;

/** All that Redis holds of it. */
export const tellAll: Tell = (ref, resource, keys) => ({
  ...tellField(ref, resource, keys),
  ...(resource && hasRecord(resource.kind) && recordItem(resource, keys)),
});

/** Its field only. What no row explains has no version of its own either. */
export const tellField: Tell = ({ kind, ref }, resource, keys) => ({
  ...tellNothing({ kind, ref }, resource, keys),
  elsewhere: undefined,
  hash: hashPosition(kind, keys),
  value: resource?.field,
});

/** That it has changed, elsewhere. */
export const tellNothing: Tell = ({ kind, ref }, resource) => ({
  kind,
  ref,
  op: resource?.op ?? 'del',
  version: resource?.version,
  elsewhere: true,
});

export function recordItem(resource: Resource, keys: KeyList): object {
  const name = recordKey(resource);
  return {
    record: keys.positionOf(name),
    grave: isDeletedWithoutTrace(resource.kind) ? keys.positionOf(versionsOf(name)) : undefined,
    fields: resource.record && namesAndValues(resource.record),
  };
}

/** As HSET takes them. */
export function namesAndValues(record: Record<string, string>): string[] {
  const list: string[] = [];
  for (const name in record) list.push(name, record[name]!);
  return list;
}

function hashPosition(kind: ResourceRef['kind'], keys: KeyList): number | undefined {
  const name = hashOf(kind);
  return name === undefined ? undefined : keys.positionOf(name, versionsOf(name));
}

/** One kind if there is only one, so that a balancer can look at that alone. */
export function subjectOf(resources: readonly Pick<ResourceRef, 'kind'>[]): SyncKind | 'all' {
  const [first, ...others] = resources;
  return first && others.every(({ kind }) => kind === first.kind) ? first.kind : 'all';
}

/** With the one key to look at, where all that has changed is in one hash. */
export const hint = ({ gen, version }: Head, resource: SyncKind | 'all'): string =>
  encodeRefreshHint({
    resource,
    version: configVersion(gen, version),
    active_key: resource === 'all' ? undefined : hashOf(resource),
    timestamp: Number(unixNow()),
  });

export const unixNow = (): string => String(Math.floor(Date.now() / 1000));
