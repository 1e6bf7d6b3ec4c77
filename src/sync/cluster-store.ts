import { Cluster } from 'ioredis';
import { redisKeys, versionsOf } from '../contract/redis-keys.js';
import { mastersOf } from '../redis/masters.js';
import type { RedisClient } from '../redis/redis-client.js';
import { RefusedError } from './apply-writer.js';
import { ClusterApply } from './cluster-apply.js';
import { ClusterPlaces } from './cluster-places.js';
import { namesIn } from './cluster-survey.js';
import { ClusterWhole } from './cluster-whole.js';
import type { Head } from './head.js';
import { LuaScript } from './lua.js';
import type { FoundMarker } from './marker.js';
import {
  RedisStore,
  scanPage,
  seenRecord,
  type ApplyAnswer,
  type ApplyCall,
  type Repair,
  type RepairCall,
  type RepairStatus,
  type StageChunk,
  type SwapAnswer,
  type SwapCall,
} from './redis-store.js';
import { hasRecord, isDeletedWithoutTrace, recordKey, type Resource } from './resource.js';
import { namesAndValues } from './script-items.js';

const REPAIR_RECORD = new LuaScript('repair-record');
const COLLECT_RECORD = new LuaScript('collect-record');

/** What points at others first: it is replaced while they are all still there. */
const SWAP_ORDER = [
  redisKeys.bindings,
  redisKeys.keys,
  redisKeys.providers,
  redisKeys.models,
  redisKeys.features,
  redisKeys.namespaces,
];

export const storeFor = (redis: RedisClient): RedisStore =>
  redis instanceof Cluster ? new ClusterStore(redis) : new RedisStore(redis);

/**
 * The same in Redis Cluster, where a script touches one slot: each hash has a marker in its slot, the stream too, and each
 * shard has one for the records in it. What `config:meta` says of the whole is the least that they say, and is said last.
 */
export class ClusterStore extends RedisStore {
  private readonly places: ClusterPlaces;
  private readonly whole: ClusterWhole;
  private batch: ClusterApply | undefined;

  constructor(private readonly cluster: Cluster) {
    super(cluster);
    this.places = new ClusterPlaces(cluster);
    this.whole = new ClusterWhole(cluster, this.places, () => this.readMarker());
  }

  override onShardChange(listener: () => void): void {
    this.whole.onShardChange = listener;
  }

  override survey(fence: string): Promise<FoundMarker> {
    return this.whole.survey(fence);
  }

  override apply(call: ApplyCall): Promise<ApplyAnswer> {
    const { nonce } = call.chunk;
    if (this.batch?.nonce !== nonce) {
      this.batch = new ClusterApply(nonce, this.places, this.whole, (gen, resources) =>
        this.putRecords(gen, resources),
      );
    }
    return this.batch.send(call);
  }

  override async putRecords(gen: string, resources: readonly Resource[]): Promise<number> {
    return sum(await Promise.all(resources.map((resource) => super.putRecords(gen, [resource]))));
  }

  override beginSnapshot(nonce: string): Promise<void> {
    return this.whole.beginSnapshot(nonce);
  }

  override stage(chunk: StageChunk): Promise<string | undefined> {
    return this.places.ofHash(chunk.hash).stage(chunk);
  }

  /** One hash after the other. If somebody comes in between, the next snapshot begins with what is there then. */
  override async swap(call: SwapCall): Promise<SwapAnswer> {
    const [found, ...names] = namesIn(call.expected);
    const expected = await this.whole.withdraw(found!, call);
    const swapIn = (place: RedisStore, receipts: SwapCall['receipts']): Promise<SwapAnswer> =>
      place.swap({ ...call, expected: names[this.places.all.indexOf(place)] ?? found!, receipts });
    for (const [i, hash] of SWAP_ORDER.entries()) {
      const answer = await swapIn(this.places.ofHash(hash), new Map([[hash, call.receipts.get(hash)!]]));
      if (i === 0 && answer.status !== 'ok') return answer;
      assertTaken(answer);
    }
    assertTaken(await swapIn(this.places.stream, new Map()));
    const { head, fence, nonce, snapshot } = call;
    const vouched = await this.whole.vouch({ head, fence, nonce });
    if (vouched.status === 'gap') return { status: 'stage', detail: 'the records of a shard' };
    assertTaken({ ...vouched, detail: vouched.fence });
    const marked = await this.whole.mark(expected, { head, fence, snapshot, subject: 'all' });
    assertTaken({ ...marked, detail: marked.fence });
    return { status: 'ok', detail: markedAs(head) };
  }

  override async repair(call: RepairCall): Promise<{ status: RepairStatus; fence: string }> {
    if (hasRecord(call.kind)) {
      const statuses = await Promise.all(call.repairs.map((repair) => this.repairRecord(call.head, repair)));
      if (statuses.includes('moved')) return { status: 'moved', fence: call.fence };
    }
    const answer = await this.places.ofKind(call.kind)?.repair(call);
    return answer && answer.status !== 'ok' ? answer : this.places.stream.repair(call);
  }

  /** One master after the other: the cursor is `{its number}:{its own cursor}`. */
  override async scan(prefix: string, cursor: string): Promise<[cursor: string, names: string[]]> {
    const masters = mastersOf(this.cluster).toSorted((a, b) => addressOf(a).localeCompare(addressOf(b)));
    const [number = '0', from = '0'] = cursor === '0' ? [] : cursor.split(':');
    const master = masters[Number(number)];
    if (!master) return ['0', []];
    const [next, names] = await scanPage(master, prefix, from);
    if (next !== '0') return [`${number}:${next}`, names];
    const following = Number(number) + 1;
    return [following < masters.length ? `${following}:0` : '0', names];
  }

  /** A late one does no harm: each record is deleted only as it was seen. */
  override async collect(gen: string, fence: string, seen: ReadonlyMap<string, string>): Promise<number> {
    const { marker } = await this.readMarker();
    if (marker?.gen !== gen || marker.fence !== fence) return -1;
    const collecting = [...seen].map(([name, version]) => COLLECT_RECORD.run(this.cluster, [name], [gen, version]));
    return sum((await Promise.all(collecting)) as number[]);
  }

  private async repairRecord(head: Head, { wanted, seen }: Repair): Promise<RepairStatus> {
    if (!wanted) return 'ok'; // A field that nothing explains: the records of such are collected.
    const name = recordKey(wanted);
    const keys = isDeletedWithoutTrace(wanted.kind) ? [name, versionsOf(name)] : [name];
    const item = {
      version: wanted.version,
      fields: wanted.record && namesAndValues(wanted.record),
      seen_record: seenRecord(seen.record),
    };
    const args = [head.gen, head.version, JSON.stringify(item)];
    return (await REPAIR_RECORD.run(this.cluster, keys, args)) as RepairStatus;
  }
}

/** Half a snapshot is in: from here on it can't be given up, only be done again. */
function assertTaken({ status, detail }: { status: string; detail: string }): void {
  if (status !== 'ok') throw new RefusedError(status, detail);
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

const markedAs = ({ gen, version }: Head): string => `${gen}.${version}`;

const addressOf = ({ options: { host, port } }: { options: { host?: string; port?: number } }): string =>
  `${host}:${port}`;
