import { randomUUID } from 'node:crypto';
import { HASH_OF, redisKeys } from '../contract/redis-keys.js';
import { HASH_KINDS, type Counts } from './losses.js';
import type { RedisStore, StageItem } from './redis-store.js';
import type { Batch } from './resource-reader.js';
import { deniesAccess, hasRecord, hashOf, sizeOf, type Resource } from './resource.js';

/** As in ApplyWriter; one staged item costs less than one that is applied. */
const CHUNK_ITEMS = 150;
const CHUNK_BYTES = 256 * 1024;

/** What was staged is gone: Redis was emptied, or failed over, in between. */
export class StageLostError extends Error {
  override readonly name = 'StageLostError';

  constructor(hash: string) {
    super(`What was staged for ${hash} is gone`);
  }
}

interface Stage {
  number: number;
  receipt: string;
}

/** Fills the stages of a full snapshot, and writes the records that stand beside them. */
export class StageWriter {
  readonly nonce = randomUUID();
  private readonly stages = new Map(
    Object.values(HASH_OF).map((hash): [string, Stage] => [hash, { number: 0, receipt: '' }]),
  );

  constructor(
    private readonly store: RedisStore,
    readonly gen: string,
  ) {}

  /** A hash without any resource needs a stage too, or there would be nothing to tell it from a lost one. */
  async open(): Promise<void> {
    await this.store.beginSnapshot(this.nonce);
    await Promise.all([...this.stages.keys()].map((hash) => this.send(hash, [])));
  }

  /**
   * Stages a batch, and writes those of its records that are given.
   * Redis takes the commands of a connection in order, so nothing here waits for the answer to what was sent before.
   */
  async add({ resources, broken }: Batch, records: readonly Resource[]): Promise<void> {
    const items = byHash([...resources.flatMap(stageItem), ...broken.flatMap(keptItem)]);
    // Whoever loses the records by a failover has to lose the receipt of a later chunk with them.
    if (records.length > 0 && !items.has(redisKeys.keys)) items.set(redisKeys.keys, []);
    const chunks = [...items].flatMap(([hash, ofHash]) => stageChunks(ofHash).map((chunk) => ({ hash, chunk })));
    await Promise.all([this.putRecords(records), ...chunks.map(({ hash, chunk }) => this.send(hash, chunk))]);
  }

  /** Records only, for what has to be known before anything else is. */
  async putRecords(resources: readonly Resource[]): Promise<void> {
    const records = resources.filter(({ kind }) => hasRecord(kind));
    const ordered = [...records.filter(deniesAccess), ...records.filter((resource) => !deniesAccess(resource))];
    await Promise.all(chunksOf(ordered, sizeOf).map((chunk) => this.store.putRecords(this.gen, chunk)));
  }

  /** The last receipt of each stage, by hash. */
  get receipts(): ReadonlyMap<string, string> {
    return new Map([...this.stages].map(([hash, { receipt }]) => [hash, receipt]));
  }

  /** How many fields are staged of each kind. */
  get counts(): Counts {
    return new Map(HASH_KINDS.map((kind) => [kind, Number(this.stages.get(HASH_OF[kind])!.receipt.split('/')[1])]));
  }

  private async send(hash: string, items: StageItem[]): Promise<void> {
    const stage = this.stages.get(hash)!;
    const number = ++stage.number;
    const receipt = await this.store.stage({ hash, nonce: this.nonce, number, items });
    if (receipt === undefined) throw new StageLostError(hash);
    if (number === stage.number) stage.receipt = receipt;
  }
}

interface HashItem {
  hash: string;
  item: StageItem;
}

function stageItem({ kind, ref, version, op, field }: Resource): HashItem[] {
  const hash = hashOf(kind);
  return hash === undefined ? [] : [{ hash, item: { ref, version, op, value: field } }];
}

function keptItem({ kind, ref, version }: Batch['broken'][number]): HashItem[] {
  const hash = hashOf(kind);
  return hash === undefined ? [] : [{ hash, item: { ref, version, op: 'keep' } }];
}

function byHash(items: HashItem[]): Map<string, StageItem[]> {
  const all = new Map<string, StageItem[]>();
  for (const { hash, item } of items) {
    const ofHash = all.get(hash);
    if (ofHash) ofHash.push(item);
    else all.set(hash, [item]);
  }
  return all;
}

/** At least one, which may be empty. */
function stageChunks(items: StageItem[]): StageItem[][] {
  const chunks = chunksOf(items, ({ value = '' }) => value.length);
  return chunks.length > 0 ? chunks : [[]];
}

export function chunksOf<T>(items: readonly T[], bytesOf: (item: T) => number): T[][] {
  const chunks: T[][] = [];
  let bytes = Infinity;
  for (const item of items) {
    const size = bytesOf(item);
    const last = chunks.at(-1);
    if (last && last.length < CHUNK_ITEMS && bytes + size <= CHUNK_BYTES) {
      last.push(item);
      bytes += size;
    } else {
      chunks.push([item]);
      bytes = size;
    }
  }
  return chunks;
}
