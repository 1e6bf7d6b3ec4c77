import type { Cluster } from 'ioredis';
import { shardMarkerOf } from '../contract/redis-keys.js';
import { slotOf } from '../redis/slots.js';
import type { Head } from './head.js';
import { LuaScript } from './lua.js';
import { parseMarker, type Marker } from './marker.js';

const WITNESS = new LuaScript('witness');
const VOUCH = new LuaScript('vouch');

/** A shard as it was found. */
export interface SeenShard {
  slot: number;
  /** Up to where its records are there; undefined: nothing vouches for them. */
  marker: Marker | undefined;
  /** The process that holds them now. */
  process: string;
  /** Another process than the one that its marker was written by: it was restarted, or a replica has taken over. */
  isChanged: boolean;
}

export interface Voucher {
  head: Head;
  /** Undefined: the records of a shard that nothing vouches for came from others, with their slots. */
  from?: string;
  fence: string;
  /** Of the full snapshot that has written all records. */
  nonce?: string;
}

export interface Vouched {
  status: 'ok' | 'missing' | 'foreign' | 'gap' | 'fenced';
  fence: string;
}

/**
 * The records of tokens and masters are spread over all slots, so nothing beside one of them says whether the others are
 * still there. What a cluster loses it loses by the shard: each therefore has a marker of its own, written after its
 * records, in the first of its slots.
 */
export class Shards {
  constructor(private readonly redis: Cluster) {}

  /** The first slot of every master. */
  get slots(): number[] {
    const first = new Map<string, number>();
    this.redis.slots.forEach(([master], slot) => {
      if (master !== undefined && !first.has(master)) first.set(master, slot);
    });
    return [...first.values()];
  }

  /** With a nonce, a full snapshot begins to write there. */
  async look(slot: number, nonce = ''): Promise<SeenShard> {
    const answer = (await WITNESS.run(this.redis, [markerIn(slot)], [nonce])) as string[];
    const [gen, version, source, fence, run, process] = answer;
    const { marker } = parseMarker({ gen, version, source, fence });
    return { slot, marker, process: process!, isChanged: run !== process };
  }

  /** Says that everything up to the head is there, if all that was written since `shard` was seen must be. */
  async vouch({ slot, process }: SeenShard, { head, from = '', fence, nonce = '' }: Voucher): Promise<Vouched> {
    const args = [process, head.gen, head.source, from, head.version, fence, nonce];
    const [status, held] = (await VOUCH.run(this.redis, [markerIn(slot)], args)) as [Vouched['status'], string];
    return { status, fence: held };
  }
}

const tags = new Map<number, number>();

/** A name that lies in this slot. */
function markerIn(slot: number): string {
  let tag = tags.get(slot);
  if (tag === undefined) {
    for (tag = 0; slotOf(shardMarkerOf(tag)) !== slot;) tag++;
    tags.set(slot, tag);
  }
  return shardMarkerOf(tag);
}
