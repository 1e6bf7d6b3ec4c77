import { HASH_OF, redisKeys, type HashKind, type SyncKind } from '../contract/redis-keys.js';
import type { Image } from './sources.js';

export interface ResourceRef {
  kind: SyncKind;
  ref: string;
  version: string;
}

/** What Redis is to hold for one resource, as of one version. */
export interface Resource extends ResourceRef {
  op: 'put' | 'del';
  /** The value in the hash of the kind; undefined: none. */
  field?: string;
  /** The whole-key record beside it, or instead of it; undefined: none. */
  record?: Record<string, string>;
}

/** A resource that can't be rendered: Redis keeps what it has of it. */
export interface BrokenResource extends ResourceRef {
  reason: string;
}

export function toResource({ kind, ref, version }: ResourceRef, { field, record }: Image): Resource {
  const isThere = (isHashKind(kind) ? field : record) !== undefined;
  return { kind, ref, version, op: isThere ? 'put' : 'del', field, record };
}

const isHashKind = (kind: SyncKind): kind is HashKind => kind in HASH_OF;

export const hashOf = (kind: SyncKind): string | undefined => (isHashKind(kind) ? HASH_OF[kind] : undefined);

export const hasRecord = (kind: SyncKind): boolean => kind in RECORD_OF;

/** The name of the record that a resource has beside its field, or instead of one. */
export const recordKey = ({ kind, ref }: Pick<ResourceRef, 'kind' | 'ref'>): string =>
  RECORD_OF[kind as keyof typeof RECORD_OF](ref);

const RECORD_OF = {
  key: redisKeys.token,
  master: redisKeys.master,
  models_meta: () => redisKeys.modelsMeta,
} satisfies Partial<Record<SyncKind, (ref: string) => string>>;

/** A token that was deleted stays as a tombstone; a master leaves nothing in which its version could stand. */
export const isDeletedWithoutTrace = (kind: SyncKind): boolean => kind === 'master';

/** Roughly what it takes on the wire. */
export function sizeOf({ ref, field = '', record = {} }: Resource): number {
  let size = ref.length + field.length;
  for (const name in record) size += name.length + record[name]!.length;
  return size;
}

/** Active secrets last: within one page, what closes comes before what opens. */
export const deniesAccess = ({ kind, record }: Resource): boolean => kind === 'key' && record?.status !== 'active';
