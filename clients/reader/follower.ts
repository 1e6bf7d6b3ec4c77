import type { Cluster, Redis } from 'ioredis';
import { HASH_OF, redisKeys } from '../../src/contract/redis-keys.js';
import { SCHEMA, type ChangeRecord, type MarkerRecord, type Version } from '../../src/contract/sync-records.js';
import { changesAfter, newestPosition } from './change-stream.js';
import { Configuration, LOADED_KINDS, type LoadedKind } from './configuration.js';
import type { SecretOpener } from './sealed-secret.js';
import { isOlder, isVersion } from './version.js';

const PAGE = 500;

export type Marker = Pick<MarkerRecord, 'gen' | 'version' | 'schema' | 'source'>;

/** Undefined: this Redis lost its data, or was never filled. */
export async function readMarker(redis: Redis | Cluster): Promise<Marker | undefined> {
  const [gen, version, schema, source] = await redis.hmget(redisKeys.marker, 'gen', 'version', 'schema', 'source');
  const marker = { gen: gen ?? '', version: version ?? '', schema: schema ?? SCHEMA, source: source ?? '' };
  return isVersion(marker) ? marker : undefined;
}

/** Whether a Redis with this marker has lost something that was read from it before: it must not be read until it is back. */
export const hasLost = (marker: Marker, { source, reached }: Configuration): boolean =>
  marker.source === source && isOlder(marker, reached);

/** Keeps a copy of the configuration, and never lets it go back: only forward, or to another history. */
export class Follower {
  /** The last good one. */
  configuration: Configuration | undefined;
  /** The newest version that was taken over without a refusal. */
  complete: Version = { gen: '0', version: '0' };
  /** Why something in Redis can't be used; undefined: all is well. */
  refusal: string | undefined;

  constructor(
    private readonly redis: Redis | Cluster,
    private readonly openSecret: SecretOpener,
  ) {}

  /** Takes over what has changed. Throws if Redis does not answer; what was held before is held then too. */
  async step(): Promise<void> {
    const marker = await readMarker(this.redis);
    const held = this.configuration;
    if (!marker || (held && hasLost(marker, held))) return;
    if (marker.schema !== SCHEMA) {
      this.refusal = `schema ${marker.schema} is not known`;
      return;
    }
    const isSameHistory = held?.source === marker.source && held.reached.gen === marker.gen;
    if (isSameHistory && (await this.follow(held))) this.reach(held, marker);
    else await this.load(marker);
  }

  private reach(configuration: Configuration, { gen, version }: Marker): void {
    configuration.reached = { gen, version };
    this.configuration = configuration;
    this.refusal = configuration.refusal;
    if (this.refusal === undefined) this.complete = configuration.reached;
  }

  /** @returns false if there is a gap. The marker has to be read first: what it names is in the stream by then. */
  private async follow(configuration: Configuration): Promise<boolean> {
    for (let isMore = true; isMore;) {
      const found = await changesAfter(this.redis, configuration.position);
      if (found === 'gap') return false;
      const fields = await this.readChanged(found.changes);
      // A failover in between may have led to an older copy.
      const marker = await readMarker(this.redis);
      if (!marker || hasLost(marker, configuration)) return false;
      for (const { kind, field, payload } of fields) configuration.set(kind, field, payload);
      ({ position: configuration.position, isMore } = found);
    }
    return true;
  }

  /** What the fields say now, which may be newer than the change and never older. */
  private async readChanged(changes: readonly ChangeRecord[]): Promise<Field[]> {
    const read: Field[] = [];
    for (const kind of LOADED_KINDS) {
      const changed = changes.filter((change) => change.kind === kind).map(({ ref }) => ref);
      const fields = [...new Set(changed)];
      if (fields.length === 0) continue;
      const payloads = await this.redis.hmget(HASH_OF[kind], ...fields);
      fields.forEach((field, i) => read.push({ kind, field, payload: payloads[i] ?? null }));
    }
    return read;
  }

  /**
   * Reads everything beside what is held, and then what changed meanwhile. Whatever goes wrong on the way, the copy is
   * dropped and the next step begins anew.
   */
  private async load(before: Marker): Promise<void> {
    const { gen, version, source } = before;
    const fresh = new Configuration(source, { gen, version }, this.openSecret);
    fresh.position = await newestPosition(this.redis);
    for (const kind of LOADED_KINDS) await this.readAll(fresh, kind);
    const after = await readMarker(this.redis);
    const isSameHistory = after?.source === source && after.gen === gen;
    if (!isSameHistory || hasLost(after, fresh) || !(await this.follow(fresh))) return;
    if (this.configuration) fresh.keepLastGood(this.configuration);
    this.reach(fresh, after);
  }

  private async readAll(configuration: Configuration, kind: LoadedKind): Promise<void> {
    let cursor = '0';
    do {
      const [next, entries] = await this.redis.hscan(HASH_OF[kind], cursor, 'COUNT', PAGE);
      for (let i = 0; i + 1 < entries.length; i += 2) configuration.set(kind, entries[i]!, entries[i + 1]!);
      cursor = next;
    } while (cursor !== '0');
  }
}

interface Field {
  kind: LoadedKind;
  field: string;
  payload: string | null;
}
