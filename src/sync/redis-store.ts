import type { Redis } from 'ioredis';
import {
  HASH_OF,
  isConfiguration,
  stageOf,
  stageSeqOf,
  stageVersionsOf,
  versionsOf,
  type SyncKind,
} from '../contract/redis-keys.js';
import { SCHEMA } from '../contract/sync-records.js';
import { askEach, mastersOf } from '../redis/masters.js';
import type { RedisClient } from '../redis/redis-client.js';
import type { Held } from './drift.js';
import type { Head } from './head.js';
import { HASH_KINDS, type Counts } from './losses.js';
import { LuaScript } from './lua.js';
import { parseMarker, type FoundMarker } from './marker.js';
import { EVERYTHING, type Place } from './place.js';
import { type Resource } from './resource.js';
import { hint, KeyList, recordItem, subjectOf, unixNow } from './script-items.js';

const APPLY = new LuaScript('apply');
const RECORDS = new LuaScript('records');
const STAGE = new LuaScript('stage');
const SWAP = new LuaScript('swap');
const REPAIR = new LuaScript('repair');
const COLLECT = new LuaScript('collect');

/** Long enough to survive a pause of the dispatcher, short enough that what a crash left behind goes by itself. */
const STAGE_TTL_SECONDS = 600;

export interface ApplyCall {
  head: Head;
  /** Version that Redis was found at: all changes after it, up to `head`, are in this call and the chunks before it. */
  from: string;
  fence: string;
  /** Which of several calls that belong together, counted from 1. */
  chunk: { nonce: string; number: number; isLast: boolean };
  resources: readonly Resource[];
}

export interface ApplyAnswer {
  status: 'ok' | 'missing' | 'foreign' | 'gap' | 'fenced';
  /** Of the dispatcher that wrote last. */
  fence: string;
  /** Resources that were newer than what Redis had. */
  written: number;
}

export interface StageItem {
  ref: string;
  version: string;
  op: 'put' | 'del' | 'keep';
  value?: string;
}

export interface StageChunk {
  hash: string;
  nonce: string;
  /** From 1, without gaps. */
  number: number;
  items: readonly StageItem[];
}

export interface SwapCall {
  /** Name of the marker that must still be there. */
  expected: string;
  head: Head;
  fence: string;
  nonce: string;
  /** What the marker is to say about the requests that this snapshot answers. */
  snapshot: string;
  /** Last receipt of each stage, by hash. */
  receipts: ReadonlyMap<string, string>;
}

export interface SwapAnswer {
  status: 'ok' | 'marker' | 'fenced' | 'stage';
  detail: string;
}

export interface RepairCall {
  /** The version at which the resources were read. */
  head: Head;
  fence: string;
  kind: SyncKind;
  repairs: readonly Repair[];
}

/** One resource that differs, and what was seen of it. */
export interface Repair {
  ref: string;
  /** Undefined: nothing explains what was seen. */
  wanted: Resource | undefined;
  seen: Held;
}

export type RepairStatus = 'ok' | 'missing' | 'foreign' | 'fenced' | 'moved';

/** Everything that the sync side says to Redis. Each script touches the keys that it is given and no others. */
export class RedisStore {
  constructor(
    protected readonly redis: RedisClient,
    private readonly place: Place = EVERYTHING,
  ) {}

  /** What is said of everything together: never more than is there. */
  async readMarker(): Promise<FoundMarker> {
    try {
      return parseMarker(await this.redis.hgetall(this.place.marker));
    } catch (error) {
      if (isWrongType(error)) return parseMarker({});
      throw error;
    }
  }

  /** Tells when part of Redis may have lost what was written last. On one server the marker itself goes back then. */
  onShardChange(_listener: () => void): void {
    // Nothing to tell.
  }

  /** The same for who is about to write, after looking whether it is still true. */
  survey(_fence: string): Promise<FoundMarker> {
    return this.readMarker();
  }

  /** Whether nothing of what a push writes is there. Counters and queues may be: they come back by themselves. */
  async isEmpty(): Promise<boolean> {
    const areEmpty = await Promise.all(mastersOf(this.redis).map(holdsNoConfiguration));
    return areEmpty.every(Boolean);
  }

  /** How many fields there are of each kind; none where the hash has another type. */
  async fieldCounts(): Promise<Counts> {
    const counts = await Promise.all(HASH_KINDS.map((kind) => this.redis.hlen(HASH_OF[kind]).catch(unlessWrongType)));
    return new Map(HASH_KINDS.map((kind, i) => [kind, counts[i]!]));
  }

  async apply({ head, from, fence, chunk, resources }: ApplyCall): Promise<ApplyAnswer> {
    const keys = new KeyList(this.commonKeys);
    const items = JSON.stringify(resources.map((resource) => this.place.tell(resource, resource, keys)));
    const subject = chunk.number === 1 ? subjectOf(resources) : 'all';
    const target = [head.gen, head.source, from, head.version, fence, unixNow(), SCHEMA];
    const position = [chunk.nonce, String(chunk.number), chunk.isLast ? 'last' : ''];
    const args = [...target, ...position, this.channel, hint(head, subject), items];
    const answer = (await APPLY.run(this.redis, keys.names, args)) as [ApplyAnswer['status'], string, number];
    return { status: answer[0], fence: answer[1], written: answer[2] };
  }

  /** @returns how many were newer than what Redis had */
  async putRecords(gen: string, resources: readonly Resource[]): Promise<number> {
    const keys = new KeyList([]);
    const items = resources.map((resource) => ({ version: resource.version, ...recordItem(resource, keys) }));
    return (await RECORDS.run(this.redis, keys.names, [gen, JSON.stringify(items)])) as number;
  }

  /** Before anything is written for a full snapshot. */
  beginSnapshot(_nonce: string): Promise<void> {
    return Promise.resolve();
  }

  /** @returns the receipt of this chunk, or undefined if an earlier one is gone */
  async stage({ hash, nonce, number, items }: StageChunk): Promise<string | undefined> {
    const keys = [...stageKeys(hash, nonce), hash, versionsOf(hash)];
    const args = items.flatMap(({ op, ref, version, value = '' }) => [op, ref, version, value]);
    const answer = await STAGE.run(this.redis, keys, [String(number), String(STAGE_TTL_SECONDS), ...args]);
    return (answer as string) || undefined;
  }

  async swap({ expected, head, fence, nonce, snapshot, receipts }: SwapCall): Promise<SwapAnswer> {
    const keysOf = (hash: string) => [hash, versionsOf(hash), ...stageKeys(hash, nonce)];
    const keys = [...this.commonKeys, ...[...receipts.keys()].flatMap(keysOf)];
    const marker = [head.gen, head.version, head.source, fence, unixNow(), SCHEMA, snapshot];
    const args = [expected, ...marker, this.channel, hint(head, 'all'), ...receipts.values()];
    const [status, detail] = (await SWAP.run(this.redis, keys, args)) as [SwapAnswer['status'], string];
    return { status, detail };
  }

  /** All or nothing: anything but `ok` has written nothing. */
  async repair({ head, fence, kind, repairs }: RepairCall): Promise<{ status: RepairStatus; fence: string }> {
    const keys = new KeyList(this.commonKeys);
    const items = repairs.map(({ ref, wanted, seen: { version, record } }) => ({
      ...this.place.tell({ kind, ref }, wanted, keys),
      seen: version,
      seen_record: seenRecord(record),
    }));
    const args = [head.gen, head.source, head.version, fence, this.channel, hint(head, kind)];
    const answer = await REPAIR.run(this.redis, keys.names, [...args, JSON.stringify(items)]);
    const [status, held] = answer as [RepairStatus, string];
    return { status, fence: held };
  }

  scan(prefix: string, cursor: string): Promise<[cursor: string, names: string[]]> {
    return scanPage(mastersOf(this.redis)[0]!, prefix, cursor);
  }

  /** Versions of records, '' for those without one. */
  async recordVersions(names: readonly string[]): Promise<string[]> {
    const answers = await askEach(this.redis, names, ['hget', 'ver']);
    return answers.map(([error, version]) => (error ? '' : ((version as string | null) ?? '')));
  }

  /** Deletes records that still have the version that was seen. @returns -1 if another dispatcher has taken over */
  async collect(gen: string, fence: string, seen: ReadonlyMap<string, string>): Promise<number> {
    const keys = [this.place.marker, ...seen.keys()];
    return (await COLLECT.run(this.redis, keys, [gen, fence, ...seen.values()])) as number;
  }

  private get commonKeys(): string[] {
    return [this.place.marker, this.place.changes ?? this.place.marker];
  }

  private get channel(): string {
    return this.place.channel ?? '';
  }
}

/** Names that `prefix` begins, from one server; '0' ends. */
export const scanPage = (server: Redis, prefix: string, cursor: string): Promise<[cursor: string, names: string[]]> =>
  server.scan(cursor, 'MATCH', `${prefix}*`, 'COUNT', 1000);

/** A record that was seen, so that it can be told from one that was written since. */
export const seenRecord = (record: Held['record']): string => `${record?.gen ?? ''}/${record?.ver ?? ''}`;

const stageKeys = (hash: string, nonce: string): string[] => [
  stageOf(hash, nonce),
  stageVersionsOf(hash, nonce),
  stageSeqOf(hash, nonce),
];

/** Of more names than these nobody looks which they are. */
const FEW_NAMES = 1_000;

async function holdsNoConfiguration(server: Redis): Promise<boolean> {
  if ((await server.dbsize()) > FEW_NAMES) return false;
  for (let cursor = ''; cursor !== '0';) {
    const [next, names] = await scanPage(server, '', cursor || '0');
    if (names.some(isConfiguration)) return false;
    cursor = next;
  }
  return true;
}

export const isWrongType = (error: unknown): boolean => error instanceof Error && error.message.includes('WRONGTYPE');

function unlessWrongType(error: unknown): number {
  if (isWrongType(error)) return 0;
  throw error;
}
