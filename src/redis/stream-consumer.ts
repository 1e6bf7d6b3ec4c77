import { Logger } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RedisClient } from './redis-client.js';

export interface StreamEntry {
  id: string;
  fields: Record<string, string>;
}

export interface StreamSpec {
  stream: string;
  group: string;
  /** Entries that are handled at once. */
  atOnce: number;
  /**
   * Resolves with how many entries, from the first on, are safe, bad ones included; at least one. It is asked again for the others.
   * If it rejects, all that it was given comes again, until it doesn't. What is safe may come again too, when Redis was lost
   * before it heard of it.
   */
  handle(entries: StreamEntry[]): Promise<number>;
}

/** Below the silence after which the client gives a connection up. */
const BLOCK_MS = 500;
const CLAIM_EVERY_MS = 5_000;
/**
 * Who is at work longer than that is taken for dead, and another one handles the same entries beside him: handlers recognise
 * what is safe already. Acknowledging it twice does no harm.
 */
const DEAD_AFTER_MS = 60_000;
const FORGOTTEN_AFTER_MS = 3_600_000;
const RETRY_MAX_MS = 5_000;

type RawEntry = [id: string, fields: string[] | null];

/**
 * Takes entries off a stream, each at least once: an entry is acknowledged, and removed, when its handler is done. What a dead
 * consumer left behind is claimed. The stream is a queue for this one group.
 */
export class StreamConsumer {
  private readonly name = `${hostname()}-${process.pid}-${randomBytes(4).toString('hex')}`;
  private readonly stopping = new AbortController();
  private readonly logger: Logger;
  private redis: RedisClient | undefined;
  private running: Promise<void> | undefined;
  /** `0`: what was delivered to this consumer and not acknowledged; `>`: what nobody has had. */
  private from: '0' | '>' = '>';
  private nextClaimAt = 0;
  private failures = 0;

  constructor(
    private readonly connect: () => RedisClient,
    private readonly spec: StreamSpec,
    private readonly mayRead: () => Promise<boolean>,
  ) {
    this.logger = new Logger(`Stream ${spec.stream}`);
  }

  start(): void {
    this.redis ??= this.connect();
    this.running ??= this.run(this.redis);
  }

  /** Finishes what is being handled, if that takes no longer than this. What isn't acknowledged is for others to claim. */
  async stop(patienceMs: number): Promise<void> {
    this.stopping.abort();
    await Promise.race([this.running, sleep(patienceMs, undefined, { ref: false })]);
    this.redis?.disconnect();
  }

  /** Entries that nobody has finished yet. */
  async waiting(): Promise<number> {
    return this.redis ? this.redis.xlen(this.spec.stream) : 0;
  }

  private async run(redis: RedisClient): Promise<void> {
    while (!this.stopping.signal.aborted) {
      try {
        if (redis.status === 'ready' && (await this.mayRead())) await this.turn(redis);
        else await this.rest(100);
      } catch (error) {
        await this.failed(redis, error as Error);
      }
    }
    // Removing a consumer forgets what it has not acknowledged.
    if (this.from === '>') await redis.xgroup('DELCONSUMER', ...this.place, this.name).catch(() => undefined);
  }

  private async turn(redis: RedisClient): Promise<void> {
    if (Date.now() >= this.nextClaimAt) await this.claim(redis);
    const entries = await this.read(redis);
    await this.settle(redis, entries);
    if (entries.length === 0) this.from = '>';
    this.failures = 0;
  }

  private async read(redis: RedisClient): Promise<RawEntry[]> {
    const { stream, group, atOnce } = this.spec;
    const answer = await redis.xreadgroup(
      ...(['GROUP', group, this.name, 'COUNT', atOnce, 'BLOCK', BLOCK_MS, 'STREAMS', stream, this.from] as const),
    );
    return answer?.[0]?.[1] ?? [];
  }

  private async claim(redis: RedisClient): Promise<void> {
    this.nextClaimAt = Date.now() + CLAIM_EVERY_MS;
    let cursor = '0-0';
    do {
      const [next, claimed] = (await redis.xautoclaim(
        ...([...this.place, this.name, DEAD_AFTER_MS, cursor, 'COUNT', this.spec.atOnce] as const),
      )) as [string, (RawEntry | null)[]];
      const entries = claimed.filter((entry) => entry !== null);
      // Redis 6.2 doesn't say which are gone from the stream. They are ours now: reading what is ours names them.
      if (entries.length < claimed.length) this.from = '0';
      await this.settle(redis, entries);
      cursor = next;
    } while (cursor !== '0-0');
    await this.forgetDead(redis);
  }

  private async settle(redis: RedisClient, raw: RawEntry[]): Promise<void> {
    if (raw.length === 0) return;
    const entries = raw.flatMap(([id, fields]) => (fields ? [{ id, fields: record(fields) }] : []));
    if (entries.length < raw.length) {
      this.logger.warn(`${raw.length - entries.length} entries were trimmed before they were read`);
    }
    const trimmed = raw.flatMap(([id, fields]) => (fields ? [] : [id]));
    if (trimmed.length > 0) await this.acknowledge(redis, trimmed);
    await this.handleAll(redis, entries);
  }

  private async handleAll(redis: RedisClient, entries: StreamEntry[]): Promise<void> {
    for (let rest = entries; rest.length > 0;) {
      if (this.stopping.signal.aborted) throw new Error('stopped');
      const safe = await this.spec.handle(rest);
      await this.acknowledge(
        redis,
        rest.slice(0, safe).map(({ id }) => id),
      );
      rest = rest.slice(safe);
    }
  }

  private async acknowledge(redis: RedisClient, ids: string[]): Promise<void> {
    const both = redis.multi().xack(...this.place, ...ids);
    const results = await both.xdel(this.spec.stream, ...ids).exec();
    const error = results?.find(([failure]) => failure)?.[0];
    if (error) throw error;
  }

  private async failed(redis: RedisClient, error: Error): Promise<void> {
    if (/^(NOGROUP|UNBLOCKED)/.test(error.message)) return this.createGroup(redis);
    this.from = '0';
    if (this.failures++ === 0) this.logger.warn(`entries wait: ${error.message}`);
    await this.rest(Math.random() * Math.min(100 * 2 ** this.failures, RETRY_MAX_MS));
  }

  /** From the first entry on: balancers may write before anybody reads, and a Redis that was emptied has no group either. */
  private async createGroup(redis: RedisClient): Promise<void> {
    await redis.xgroup('CREATE', ...this.place, '0', 'MKSTREAM').catch(() => this.rest(100));
  }

  /** Processes that were killed stay in the list of consumers for ever. */
  private async forgetDead(redis: RedisClient): Promise<void> {
    const consumers = (await redis.xinfo('CONSUMERS', ...this.place)) as string[][];
    for (const { name, pending, idle } of consumers.map(record)) {
      if (Number(pending) > 0 || Number(idle) < FORGOTTEN_AFTER_MS) continue;
      await redis.xgroup('DELCONSUMER', ...this.place, name!);
    }
  }

  private async rest(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.stopping.signal }).catch(() => undefined);
  }

  private get place(): [stream: string, group: string] {
    return [this.spec.stream, this.spec.group];
  }
}

/** `[name, value, name, value]` as an object; of a name that comes twice the last one counts. */
function record(pairs: string[]): Record<string, string> {
  const entries: [string, string][] = [];
  for (let i = 0; i + 1 < pairs.length; i += 2) entries.push([pairs[i]!, pairs[i + 1]!]);
  return Object.fromEntries(entries);
}
