import type { Cluster } from 'ioredis';
import { HASH_OF, markerOf, redisKeys, type SyncKind } from '../contract/redis-keys.js';
import { RedisStore } from './redis-store.js';
import { hashOf } from './resource.js';
import { tellField, tellNothing } from './script-items.js';

/** The slots in which scripts can touch more than one key: that of each hash, and that of the stream. */
export class ClusterPlaces {
  readonly stream: RedisStore;
  readonly all: readonly RedisStore[];
  private readonly hashes: ReadonlyMap<string, RedisStore>;

  constructor(cluster: Cluster) {
    const { changes } = redisKeys;
    const placeOf = (hash: string) => new RedisStore(cluster, { marker: markerOf(hash), tell: tellField });
    this.hashes = new Map(Object.values(HASH_OF).map((hash) => [hash, placeOf(hash)]));
    this.stream = new RedisStore(cluster, { marker: markerOf(changes), changes, tell: tellNothing });
    this.all = [...this.hashes.values(), this.stream];
  }

  ofHash(hash: string): RedisStore {
    return this.hashes.get(hash)!;
  }

  /** Undefined: each resource of the kind is a key of its own. */
  ofKind(kind: SyncKind): RedisStore | undefined {
    const hash = hashOf(kind);
    return hash === undefined ? undefined : this.ofHash(hash);
  }
}
