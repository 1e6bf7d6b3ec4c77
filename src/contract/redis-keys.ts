/** Every Redis name that EZ-API shares with balancers, and the companion keys that only the control plane reads. */
export const redisKeys = {
  /* Configuration: written by the control plane, read by the data plane. */
  providers: 'config:providers',
  keys: 'config:keys',
  bindings: 'config:bindings',
  models: 'meta:models',
  modelsMeta: 'meta:models_meta',
  features: 'meta:features',
  namespaces: 'config:namespaces',
  token: (tokenHash: string) => `auth:token:${tokenHash}`,
  master: (id: number | string) => `auth:master:${id}`,

  /* What this Redis holds, how it got there, and who has seen it. */
  marker: 'config:meta',
  changes: 'config:changes',
  refreshChannel: 'dp:config:refresh',
  ack: (node: string) => `dp:ack:${node}`,
  nodes: 'dp:nodes',

  /* Live counters and queues: written by the data plane, never by a configuration push. */
  rtMaster: (id: number | string, unixMinute: number) => `rt:master:${id}:${unixMinute}`,
  rtKey: (id: number | string, unixMinute: number) => `rt:key:${id}:${unixMinute}`,
  rtMasterQps: (id: number | string, unixSecond: number) => `rt:master:${id}:qps:${unixSecond}`,
  rtProvider: (id: number | string, unixMinute: number) => `rt:provider:${id}:${unixMinute}`,
  quota: (keyId: number | string, quotaPeriod: string) => `quota:${keyId}:${quotaPeriod}`,
  logsIngest: 'logs:ingest',
  usageIngest: 'usage:ingest',

  /* Sticky sessions: in the cache Redis, which may be a different server. */
  stickySession: (groupId: number | string, sessionKey: string) => `sticky_session:${groupId}:${sessionKey}`,
  modelLoad: (accountId: number | string, model: string) => `ag:model_load:${accountId}:${model}`,
  modelLastUsed: (accountId: number | string, model: string) => `ag:model_last_used:${accountId}:${model}`,
} as const;

/** Prefixes for SCAN: the two families of whole keys and the acknowledgements. */
export const redisPrefixes = {
  token: redisKeys.token(''),
  master: redisKeys.master(''),
  ack: redisKeys.ack(''),
} as const;

/*
 * Companions carry the whole name of their key as the hash tag, so that one script can touch both in Redis Cluster.
 * A nonce names one full snapshot: what a crashed one left behind can't be mistaken for the current one.
 */
export const versionsOf = (key: string) => `{${key}}:ver`;
export const markerOf = (key: string) => `{${key}}:meta`;
/** In Redis Cluster, of all that lies in one shard; the tag is chosen by its slot. */
export const shardMarkerOf = (tag: number) => markerOf(`config:shard:${tag}`);
export const stageOf = (key: string, nonce: string) => `{${key}}:stage:${nonce}`;
export const stageVersionsOf = (key: string, nonce: string) => `{${key}}:stage-ver:${nonce}`;
export const stageSeqOf = (key: string, nonce: string) => `{${key}}:stage-seq:${nonce}`;

/** Whether a push wrote it, or a part of one: the data plane's counters and queues have other names. */
export const isConfiguration = (name: string): boolean => /^\{?(config|meta|auth):/.test(name);

/** What can be pushed. `master` and `models_meta` are whole keys; `key` is a field and also the hash `auth:token:{ref}`. */
export type SyncKind = HashKind | 'master' | 'models_meta';

export type HashKind = 'provider' | 'key' | 'binding' | 'model' | 'feature' | 'namespace';

/** The hash in which each resource of a kind is one field. */
export const HASH_OF: Readonly<Record<HashKind, string>> = {
  provider: redisKeys.providers,
  key: redisKeys.keys,
  binding: redisKeys.bindings,
  model: redisKeys.models,
  feature: redisKeys.features,
  namespace: redisKeys.namespaces,
};

/** Closure: nothing points at what is not there yet. Add in this order, remove in reverse. */
export const SYNC_KINDS = [
  'namespace',
  'feature',
  'provider',
  'model',
  'models_meta',
  'binding',
  'master',
  'key',
] as const satisfies readonly SyncKind[];

/** The field of `config:bindings`, and the reference of a binding in the outbox. */
export const bindingField = (namespace: string, publicModel: string) => `${namespace}.${publicModel}`;
