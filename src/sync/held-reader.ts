import { Inject, Injectable } from '@nestjs/common';
import { versionsOf, type SyncKind } from '../contract/redis-keys.js';
import { askEach } from '../redis/masters.js';
import type { RedisClient } from '../redis/redis-client.js';
import { CONFIG_REDIS } from '../redis/redis.module.js';
import type { Held } from './drift.js';
import { isWrongType } from './redis-store.js';
import { hasRecord, hashOf, recordKey } from './resource.js';

const PAGE = 250;

/** Reads what Redis holds, in commands that each take far less than 10 ms. */
@Injectable()
export class HeldReader {
  constructor(@Inject(CONFIG_REDIS) private readonly redis: RedisClient) {}

  /** What Redis holds for these resources of a kind, by ref. Throws where the hash of the kind has another type. */
  async held(kind: SyncKind, refs: readonly string[]): Promise<Map<string, Held>> {
    const all = new Map<string, Held>();
    for (let i = 0; i < refs.length; i += PAGE) {
      const chunk = refs.slice(i, i + PAGE);
      const [fields, records] = await Promise.all([this.fields(kind, chunk), this.records(kind, chunk)]);
      chunk.forEach((ref, n) => all.set(ref, { ...fields[n]!, ...records[n] }));
    }
    return all;
  }

  /** Some fields of the hash of a kind. */
  async scanFields(kind: SyncKind, cursor: string): Promise<[cursor: string, refs: string[]]> {
    const [next, entries] = await this.redis.hscan(hashOf(kind)!, cursor, 'COUNT', PAGE);
    return [next, entries.filter((_, i) => i % 2 === 0)];
  }

  private async fields(kind: SyncKind, refs: readonly string[]): Promise<Pick<Held, 'field' | 'version'>[]> {
    const hash = hashOf(kind);
    if (hash === undefined) return refs.map(() => ({ version: '' }));
    const [values, versions] = await Promise.all([
      this.redis.hmget(hash, ...refs),
      this.redis.hmget(versionsOf(hash), ...refs),
    ]);
    return refs.map((_, i) => ({ field: values[i] ?? undefined, version: versions[i] ?? '' }));
  }

  private async records(kind: SyncKind, refs: readonly string[]): Promise<Pick<Held, 'record' | 'isOtherType'>[]> {
    if (!hasRecord(kind)) return [];
    const names = refs.map((ref) => recordKey({ kind, ref }));
    const answers = await askEach(this.redis, names, ['hgetall']);
    return answers.map(([error, record]) => {
      if (error && !isWrongType(error)) throw error;
      if (error) return { isOtherType: true };
      const isThere = Object.keys(record as object).length > 0;
      return { record: isThere ? (record as Record<string, string>) : undefined };
    });
  }
}
