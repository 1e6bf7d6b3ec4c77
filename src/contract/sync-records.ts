/* What is said in Redis about the configuration as a whole, and what balancers answer to it. */

/** Layout of the configuration keys; raised only when a reader of the old one could misread the new one. */
export const SCHEMA = '1';

/** The hash `config:meta`: the newest version that this Redis holds completely. */
export interface MarkerRecord {
  gen: string;
  version: string;
  schema: string;
  /** Unix seconds of the last sign of life of the control plane. */
  heartbeat: string;
  /** The database this configuration comes from. */
  source: string;
  /** Number of the dispatcher that wrote last; an older one is refused. */
  fence: string;
  /** In Redis Cluster: the slots in whose shards something vouches for the records. */
  shards?: string;
}

/** An entry of the stream `config:changes`. */
export interface ChangeRecord {
  /** `{gen}.{version}` */
  v: string;
  kind: string;
  ref: string;
  op: 'put' | 'del';
}

/** A message on `dp:config:refresh`: only a hint to look sooner. */
export interface RefreshHint {
  resource: string;
  /** `{gen}.{version}` */
  version?: string;
  /** The configuration key to look at. */
  active_key?: string;
  /** Unix seconds. */
  timestamp: number;
}

/** What is left of the life of `dp:ack:{node}` after each word of its node. */
export const ACK_TTL_SECONDS = 30;

/** The hash `dp:ack:{node}`, written by a data-plane node and gone 30 s after its last word. */
export interface AckRecord {
  gen: string;
  version: string;
  state: 'ok' | 'nack';
  error: string;
  /** Unix seconds. */
  started_at: string;
  software: string;
}

export const encodeRefreshHint = ({ resource, version, active_key, timestamp }: RefreshHint): string =>
  JSON.stringify({ resource, version, active_key, timestamp });

/** How a version is written in events, acknowledgements and HTTP receipts. */
export const configVersion = (gen: string, version: string): string => `${gen}.${version}`;

/** The version that a node acknowledges, whether it wrote `{gen}.{version}` or the bare version beside `gen`. */
export function acknowledgedVersion(ack: Partial<Record<keyof AckRecord, string>>): Version | undefined {
  const text = ack.version?.includes('.') ? ack.version : configVersion(ack.gen ?? '', ack.version ?? '');
  const [, gen, version] = /^(\d+)\.(\d+)$/.exec(text) ?? [];
  return gen !== undefined && version !== undefined ? { gen, version } : undefined;
}

export interface Version {
  gen: string;
  version: string;
}

/** The hashes `rt:master:*` and `rt:key:*`: counts of one minute. */
export type UsageCounters = Record<'requests' | 'errors' | 'input_tokens' | 'output_tokens', string>;

/** The hash `rt:provider:*`. */
export type ProviderCounters = Record<'requests' | 'errors' | 'latency_ms_sum', string>;
