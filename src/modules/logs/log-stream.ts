import type { Redis } from 'ioredis';
import { redisKeys } from '../../contract/redis-keys.js';

export const GROUP = 'ez-api';

/** The id, and what was added; null if it was deleted since. */
export type StreamEntry = [id: string, fields: string[] | null];

/** As long as a connection may be silent, and less. */
const BLOCK_MS = 500;
const ENTRIES_MAX = 500;
/** A consumer that has not acknowledged for so long is dead, or its entries fail over and over: another one may try. */
const DEAD_MS = 60_000;
const FORGOTTEN_MS = 3_600_000;

const KEY = redisKeys.logsIngest;

/** The stream `logs:ingest` as one consumer of its group sees it. */
export class LogStream {
  constructor(
    private readonly redis: Redis,
    private readonly consumer: string,
  ) {}

  /** @returns false if nobody has added anything yet */
  async join(): Promise<boolean> {
    if ((await this.redis.exists(KEY)) === 0) return false;
    try {
      await this.redis.xgroup('CREATE', KEY, GROUP, '0');
    } catch (error) {
      if (!(error as Error).message.startsWith('BUSYGROUP')) throw error;
    }
    return true;
  }

  /** Waits a moment for new ones. */
  readNew(): Promise<StreamEntry[]> {
    return this.read('>');
  }

  /** Entries that this consumer was given and has not acknowledged. */
  readOwn(): Promise<StreamEntry[]> {
    return this.read('0');
  }

  /** Takes over what dead consumers left. */
  async claim(): Promise<StreamEntry[]> {
    const answer = await this.redis.xautoclaim(KEY, GROUP, this.consumer, DEAD_MS, '0', 'COUNT', ENTRIES_MAX);
    return (answer as [string, StreamEntry[]])[1];
  }

  /** Nobody else reads the stream: what is written is not needed there any more. */
  async acknowledge(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    await this.redis
      .multi()
      .xack(KEY, GROUP, ...ids)
      .xdel(KEY, ...ids)
      .exec();
  }

  /** A consumer's name is of one process: those that will not come back, and left nothing, are removed. */
  async forgetOthers(): Promise<void> {
    for (const { name, pending, idle } of await this.consumers()) {
      if (pending === 0 && idle > FORGOTTEN_MS) await this.redis.xgroup('DELCONSUMER', KEY, GROUP, name);
    }
  }

  async leave(): Promise<void> {
    const own = (await this.consumers()).find(({ name }) => name === this.consumer);
    if (own?.pending === 0) await this.redis.xgroup('DELCONSUMER', KEY, GROUP, this.consumer);
  }

  /** Entries that are not acknowledged. */
  length(): Promise<number> {
    return this.redis.xlen(KEY);
  }

  private async read(after: '>' | '0'): Promise<StreamEntry[]> {
    const answer = await this.redis.xreadgroup(
      ...(['GROUP', GROUP, this.consumer, 'COUNT', ENTRIES_MAX, 'BLOCK', BLOCK_MS] as const),
      ...(['STREAMS', KEY, after] as const),
    );
    return answer?.[0]?.[1] ?? [];
  }

  private async consumers(): Promise<Consumer[]> {
    const rows = (await this.redis.xinfo('CONSUMERS', KEY, GROUP)) as (string | number)[][];
    return rows.map((row) => {
      const valueOf = (field: string): string | number => row[row.indexOf(field) + 1]!;
      return { name: String(valueOf('name')), pending: Number(valueOf('pending')), idle: Number(valueOf('idle')) };
    });
  }
}

interface Consumer {
  name: string;
  pending: number;
  idle: number;
}
