import type { Cluster, Redis } from 'ioredis';
import type { Configuration } from './configuration.js';
import { hasLost, readMarker } from './follower.js';
import { isOlder, isVersion } from './version.js';

const REMEMBERED_MAX = 100_000;

/** Redis can't tell, and nothing is remembered. */
export class UnavailableError extends Error {
  override readonly name = 'UnavailableError';
}

type Fields = Record<string, string>;

/**
 * Reads whole-key records, each when it is needed, and remembers the last good one of each: for the time in which Redis is away,
 * empty, or an older copy of itself.
 */
export class Records {
  private readonly remembered = new Map<string, Fields>();
  private history: string | undefined;

  constructor(
    private readonly redis: Redis | Cluster,
    private readonly configuration: () => Configuration | undefined,
  ) {}

  /** Undefined: there is none. */
  async read(key: string): Promise<Fields | undefined> {
    const found = await this.look(key).catch(() => 'unknown' as const);
    this.forgetOtherHistory();
    const held = this.remembered.get(key);
    if (found === 'unknown') {
      if (!held) throw new UnavailableError(`${key} cannot be read`);
      return held;
    }
    if (found && held && isOlder(versionOf(found), versionOf(held))) return held;
    this.remember(key, found);
    return found;
  }

  private async look(key: string): Promise<Fields | 'unknown' | undefined> {
    const fields = await this.redis.hgetall(key);
    if (hasFields(fields)) return fields;
    // A key that is not there says something only between two moments at which this Redis was whole.
    const [before, again, after] = await Promise.all([
      readMarker(this.redis),
      this.redis.hgetall(key),
      readMarker(this.redis),
    ]);
    if (hasFields(again)) return again;
    const held = this.configuration();
    const isWhole = [before, after].every((marker) => marker && !(held && hasLost(marker, held)));
    return isWhole ? undefined : 'unknown';
  }

  private remember(key: string, fields: Fields | undefined): void {
    this.remembered.delete(key);
    if (!fields) return;
    this.remembered.set(key, fields);
    if (this.remembered.size > REMEMBERED_MAX) this.remembered.delete(this.remembered.keys().next().value!);
  }

  /** Versions of another database can't be compared with these. */
  private forgetOtherHistory(): void {
    const source = this.configuration()?.source;
    if (source !== this.history) this.remembered.clear();
    this.history = source;
  }
}

const hasFields = (fields: Fields): boolean => Object.keys(fields).length > 0;

function versionOf({ gen = '0', ver: version = '0' }: Fields): { gen: string; version: string } {
  const written = { gen, version };
  return isVersion(written) ? written : { gen: '0', version: '0' };
}
