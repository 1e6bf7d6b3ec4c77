import type { Cluster, Redis } from 'ioredis';
import { redisKeys } from '../../src/contract/redis-keys.js';
import type { ChangeRecord } from '../../src/contract/sync-records.js';

const PAGE = 1_000;

/** `gap`: some changes can't be known any more, so everything has to be read again. */
export type Changes = { changes: ChangeRecord[]; position: string | undefined; isMore: boolean } | 'gap';

/** The id of the newest entry; undefined: the stream is empty. */
export async function newestPosition(redis: Redis | Cluster): Promise<string | undefined> {
  const [newest] = await redis.xrevrange(redisKeys.changes, '+', '-', 'COUNT', 1);
  return newest?.[0];
}

/**
 * What came after `position`. The stream is trimmed from its old end and is lost with the rest of Redis, so the entry at
 * `position` is read again: while it is there, everything after it is there.
 */
export async function changesAfter(redis: Redis | Cluster, position: string | undefined): Promise<Changes> {
  const [known, ...news] = await redis.xrange(redisKeys.changes, position ?? '-', '+', 'COUNT', PAGE + 1);
  if (known?.[0] !== position) return 'gap';
  const changes = news.map(([, fields]) => toRecord(fields));
  if (changes.some(({ kind }) => kind === 'all')) return 'gap';
  return { changes, position: news.at(-1)?.[0] ?? position, isMore: news.length === PAGE };
}

function toRecord(fields: readonly string[]): ChangeRecord {
  const record: Record<string, string> = {};
  for (let i = 0; i + 1 < fields.length; i += 2) record[fields[i]!] = fields[i + 1]!;
  return { v: '', kind: '', ref: '', op: 'put', ...record };
}
