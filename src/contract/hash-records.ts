import { createHash } from 'node:crypto';
import { normalizeRouteGroup } from './names.js';
import { keyFacts, type KeySnapshot } from './snapshots.js';

/* The values that balancers read with HGETALL or HMGET: flat hashes of strings. Empty fields are left out, as in JSON. */

/** The hash `auth:token:{token_hash}`: a key's facts without the hash, which its name carries, and the version. */
export type TokenRecord = HashRecord<
  'status' | 'group' | 'weight' | 'balance' | 'ver',
  Exclude<keyof KeySnapshot, 'token_hash'>
>;

/** The hash `auth:master:{id}`. */
export type MasterRecord = HashRecord<
  'status' | 'epoch' | 'group' | 'global_qps' | 'max_child_keys' | 'ver',
  'namespaces' | 'default_namespace'
>;

/** The hash `meta:models_meta`. */
export type ModelsMeta = HashRecord<'version' | 'updated_at' | 'source' | 'checksum', 'upstream_url' | 'upstream_ref'>;

/** What `auth:master:{id}` says, before it becomes strings. */
export interface MasterSnapshot {
  status: 'active' | 'suspended';
  /** Tells which of its keys' records are older than this one; refuses nobody. */
  epoch: number;
  /** Route group. */
  group: string;
  /** Requests per second; 0: no limit. */
  global_qps: number;
  /** 0: no limit. */
  max_child_keys: number;
  namespaces: string[];
  default_namespace: string;
}

/** The O(1) record of the hot path. */
export function tokenRecord(snapshot: KeySnapshot, version: string): TokenRecord {
  const record = strings({ ...keyFacts(snapshot), token_hash: undefined });
  record.ver = version;
  return record as TokenRecord;
}

/** The tombstone of a secret that must never work again. */
export const revokedTokenRecord = (version: string): TokenRecord => ({
  status: 'revoked',
  group: 'default',
  weight: '0',
  balance: '0',
  ver: version,
});

export function masterRecord(s: MasterSnapshot, version: string): MasterRecord {
  const facts = {
    status: s.status,
    epoch: s.epoch,
    group: normalizeRouteGroup(s.group),
    global_qps: s.global_qps,
    max_child_keys: s.max_child_keys,
    namespaces: s.namespaces,
    default_namespace: s.default_namespace,
  };
  return { ...strings(facts), ver: version } as MasterRecord;
}

export interface ModelsMetaInput {
  /** Configuration version of the newest change to a model. */
  version: string;
  /** Unix seconds. */
  updated_at: number;
  source: string;
  upstream_url?: string;
  upstream_ref?: string;
  /** Field of `meta:models` → payload, byte for byte as stored. */
  models: ReadonlyMap<string, string>;
}

export function modelsMeta({ models, ...facts }: ModelsMetaInput): ModelsMeta {
  const { version, updated_at, source, upstream_url, upstream_ref } = facts;
  const checksum = modelsChecksum(models);
  return strings({ version, updated_at, source, checksum, upstream_url, upstream_ref }) as ModelsMeta;
}

/** Hex SHA-256 over `field \n payload \n` for every field, in the order of the fields' UTF-8 bytes. */
export function modelsChecksum(models: ReadonlyMap<string, string>): string {
  const hash = createHash('sha256');
  // JavaScript orders strings by UTF-16 units, which puts U+1F600 before U+FF01; bytes have it the other way round.
  const entries = [...models].map(([field, payload]) => ({ field: Buffer.from(field), payload }));
  entries.sort((a, b) => Buffer.compare(a.field, b.field));
  for (const { field, payload } of entries) hash.update(field).update('\n').update(payload).update('\n');
  return hash.digest('hex');
}

type HashRecord<Always extends string, Sometimes extends string> = Record<Always, string> &
  Partial<Record<Exclude<Sometimes, Always>, string>>;

type Fact = string | number | boolean | string[] | undefined;

function strings(facts: Record<string, Fact>): Record<string, string> {
  const record: Record<string, string> = {};
  // A full snapshot comes through here a million times: Object.entries would take most of it.
  for (const field in facts) {
    const text = toText(field, facts[field]);
    if (text !== '') record[field] = text;
  }
  return record;
}

function toText(field: string, fact: Fact): string {
  if (fact === undefined) return '';
  if (Array.isArray(fact)) return joined(field, fact);
  return typeof fact === 'number' ? plainDecimal(field, fact) : String(fact);
}

/** A comma would read as one more scope or address, and a lone empty item as no list at all, which restricts nothing. */
function joined(field: string, items: string[]): string {
  const broken = items.find((item) => item === '' || item.includes(','));
  if (broken !== undefined) throw new RangeError(`${field} has an item that cannot be in a list: "${broken}"`);
  return items.join(',');
}

/** Readers parse these with strtod, strconv or Lua, and some of them as integers: no exponent, ever. */
function plainDecimal(field: string, value: number): string {
  if (!Number.isFinite(value)) throw new RangeError(`${field} is not a number: ${value}`);
  const text = String(value);
  return text.includes('e') ? WITHOUT_EXPONENT.format(value) : text;
}

const WITHOUT_EXPONENT = new Intl.NumberFormat('en-US', { useGrouping: false, maximumSignificantDigits: 17 });
