import type { Cluster } from 'ioredis';
import { redisKeys, type SyncKind } from '../contract/redis-keys.js';
import { SCHEMA } from '../contract/sync-records.js';
import { RefusedError } from './apply-writer.js';
import type { ClusterPlaces } from './cluster-places.js';
import { judge, listedSlots } from './cluster-survey.js';
import type { Head } from './head.js';
import { LuaScript } from './lua.js';
import { parseMarker, type FoundMarker } from './marker.js';
import { hint, unixNow } from './script-items.js';
import { Shards, type SeenShard, type Vouched, type Voucher } from './shards.js';

const MARK = new LuaScript('mark');

export interface Statement {
  head: Head;
  fence: string;
  /** Requests that a full snapshot answers; undefined: as before. */
  snapshot?: string;
  /** What readers are told to look at; undefined: nothing. */
  subject?: SyncKind | 'all';
}

/** What is said of a cluster as a whole: the least that its places and shards say of themselves, and after them. */
export class ClusterWhole {
  /** Some slots don't answer. */
  fault: Error | undefined;
  /** Told when a shard is another process than before: it may have lost what was written last. */
  onShardChange: () => void = () => undefined;
  private readonly shards: Shards;
  private seen: SeenShard[] = [];
  /** Slots whose shards had a marker. One without is new, and its records came from others. */
  private listed: number[] = [];

  constructor(
    private readonly cluster: Cluster,
    private readonly places: ClusterPlaces,
    private readonly readMarker: () => Promise<FoundMarker>,
  ) {
    this.shards = new Shards(cluster);
  }

  /** The whole first: what is raised meanwhile is raised before it. */
  async survey(fence: string): Promise<FoundMarker> {
    const [whole] = await Promise.allSettled([this.readMarker()]);
    const listed = whole.status === 'fulfilled' ? listedSlots(whole.value.marker) : [];
    const { slots } = this.shards;
    this.listed = listed;
    const [places, shards] = await Promise.all([
      Promise.allSettled(this.places.all.map((place) => place.readMarker())),
      Promise.allSettled([...new Set([...slots, ...listed])].map((slot) => this.shards.look(slot))),
    ]);
    const seen = shards.flatMap((shard) => (shard.status === 'fulfilled' ? [shard.value] : []));
    this.seen = seen.filter(({ slot }) => slots.includes(slot));
    const { found, overstatement } = judge({ whole, places, shards });
    this.fault = found.fault;
    if (overstatement !== undefined) await this.correct(overstatement, found, fence);
    if (found.marker && seen.some(({ isChanged }) => isChanged)) this.onShardChange();
    return found;
  }

  async beginSnapshot(nonce: string): Promise<void> {
    this.seen = await Promise.all(this.shards.slots.map((slot) => this.shards.look(slot, nonce)));
  }

  /** Of all shards; anything but `ok` if one of them refused. */
  async vouch(voucher: Voucher): Promise<Vouched> {
    const isNew = ({ slot }: SeenShard): boolean => !this.listed.includes(slot);
    const answers = await Promise.all(
      this.seen.map((shard) => this.shards.vouch(shard, isNew(shard) ? { ...voucher, from: undefined } : voucher)),
    );
    return answers.find(({ status }) => status !== 'ok') ?? { status: 'ok', fence: voucher.fence };
  }

  mark(expected: string, { head, fence, snapshot = '', subject }: Statement): Promise<Vouched> {
    const marker = [head.gen, head.version, head.source, fence, unixNow(), SCHEMA, snapshot, this.slots];
    return this.say([expected, ...marker, subject === undefined ? '' : hint(head, subject)]);
  }

  /** While one history replaces another, a hash at a time, readers keep what they have. @returns what the whole is called now */
  async withdraw(name: string, { head, fence }: Pick<Statement, 'head' | 'fence'>): Promise<string> {
    const isSameHistory = name.startsWith(`${head.gen}/`) && name.endsWith(`/${head.source}`);
    const nothing = parseMarker({});
    if (!isSameHistory && name !== nothing.name) await this.correct(name, nothing, fence);
    return isSameHistory ? name : nothing.name;
  }

  /** Readers are to see at once that something was lost. */
  private async correct(expected: string, { marker }: FoundMarker, fence: string): Promise<void> {
    const { gen = '', version = '', source = '', heartbeat = '', shards = '' } = marker ?? {};
    const answer = await this.say([expected, gen, version, source, fence, heartbeat, SCHEMA, '', shards, '']);
    if (answer.status !== 'ok') throw new RefusedError(answer.status, answer.fence);
  }

  private async say(args: string[]): Promise<Vouched> {
    const rest = [...args.slice(0, -1), redisKeys.refreshChannel, args.at(-1)!];
    const [status, fence] = (await MARK.run(this.cluster, [redisKeys.marker], rest)) as [string, string];
    return { status: status === 'moved' ? 'gap' : (status as Vouched['status']), fence };
  }

  private get slots(): string {
    return this.seen.map(({ slot }) => slot).join(',');
  }
}
