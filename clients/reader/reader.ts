import type { Cluster, Redis } from 'ioredis';
import { redisKeys } from '../../src/contract/redis-keys.js';
import { ACK_TTL_SECONDS, type AckRecord, type Version } from '../../src/contract/sync-records.js';
import { hashToken } from '../../src/contract/token.js';
import { identify, type Client, type ClientRefusal } from './client.js';
import type { Configuration } from './configuration.js';
import { Follower } from './follower.js';
import { Records, UnavailableError } from './records.js';
import { route, type Route, type RouteRefusal } from './routing.js';
import { secretOpener } from './sealed-secret.js';

export interface ReaderOptions {
  /** For commands. It should fail fast: `commandTimeout`, `maxRetriesPerRequest` and no offline queue. */
  redis: Redis | Cluster;
  /** A connection of its own for hints: one that subscribes can do nothing else. */
  subscriber: Redis | Cluster;
  /** Name of this node, unlike that of any other and the same after a restart. */
  node: string;
  /** What runs here, such as `my-balancer/1.4`. */
  software: string;
  /** EZ_DP_ENCRYPTION_KEY of the control plane; empty: upstream keys are plain text in Redis. */
  encryptionKey?: string;
  /** How long a change may stay unseen when no hint of it arrives. */
  pollMs?: number;
}

const POLL_MS = 1_000;
const ACK_MS = (ACK_TTL_SECONDS * 1_000) / 3;

/** A data plane's view of Redis. docs/redis-contract.md describes what it does, for writing the same in another language. */
export class Reader {
  private readonly follower: Follower;
  private readonly records: Records;
  private readonly startedAt = String(Math.floor(Date.now() / 1000));
  private failure: string | undefined;
  private running: Promise<void> | undefined;
  private isStopping = false;
  private hasNews = false;
  private wake: (() => void) | undefined;
  private acknowledged = '';
  private acknowledgedAt = 0;

  constructor(private readonly options: ReaderOptions) {
    this.follower = new Follower(options.redis, secretOpener(options.encryptionKey ?? ''));
    this.records = new Records(options.redis, () => this.configuration);
  }

  /** The last good one; undefined until there was one. */
  get configuration(): Configuration | undefined {
    return this.follower.configuration;
  }

  /** The newest version that is served completely; 0.0: none yet. */
  get version(): Version {
    return this.follower.complete;
  }

  /** Why what Redis holds can't be served as it is; undefined: all is well. */
  get refusal(): string | undefined {
    return this.follower.refusal ?? this.failure;
  }

  start(): void {
    const { subscriber } = this.options;
    subscriber.on('message', this.look);
    subscriber.subscribe(redisKeys.refreshChannel).catch(() => undefined); // Polls do without.
    this.running = this.run();
  }

  /** Says goodbye, so that nobody waits for this node. */
  async stop(): Promise<void> {
    this.isStopping = true;
    this.look();
    await this.running;
    const { redis, subscriber, node } = this.options;
    subscriber.off('message', this.look);
    await redis.del(redisKeys.ack(node)).catch(() => undefined);
    await redis.srem(redisKeys.nodes, node).catch(() => undefined);
  }

  /** Who sends this token from this address, or why it is refused. Two O(1) reads. */
  async authenticate(token: string, address: string): Promise<Client | ClientRefusal> {
    try {
      const record = await this.records.read(redisKeys.token(hashToken(token)));
      if (!record) return 'unknown_key';
      const master = record.master_id ? await this.records.read(redisKeys.master(record.master_id)) : undefined;
      return identify(record, master ?? {}, { address, now: Date.now() });
    } catch (error) {
      if (error instanceof UnavailableError) return 'unavailable';
      throw error;
    }
  }

  /** Where to send a request of this client for this model, drawn by weight. */
  route(client: Client, model: string): Route | RouteRefusal {
    if (!this.configuration) return { refused: 'no_provider', message: 'no configuration has been read yet' };
    return route(this.configuration, client, model);
  }

  private readonly look = (): void => {
    this.hasNews = true;
    this.wake?.();
  };

  private async run(): Promise<void> {
    while (!this.isStopping) {
      this.hasNews = false;
      await this.step();
      await this.acknowledge().catch(() => undefined); // Redis is away, or refuses: the next step tries again.
      if (!this.hasNews) await this.untilNews();
    }
  }

  private async step(): Promise<void> {
    try {
      await this.follower.step();
      this.failure = undefined;
    } catch (error) {
      // What Redis refuses is worth telling; that it does not answer can't be told to anybody.
      const isReply = error instanceof Error && error.name === 'ReplyError';
      this.failure = isReply ? error.message : undefined;
    }
  }

  private untilNews(): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.wake = undefined;
        resolve();
      };
      const timer = setTimeout(done, this.options.pollMs ?? POLL_MS);
      this.wake = done;
    });
  }

  /** At once when there is something new to say, and again before the last word is forgotten. */
  private async acknowledge(): Promise<void> {
    const { redis, node } = this.options;
    const record = this.ackRecord();
    const text = JSON.stringify(record);
    if (text === this.acknowledged && Date.now() - this.acknowledgedAt < ACK_MS) return;
    const key = redisKeys.ack(node);
    const answers = await redis
      .multi()
      .hset(key, { ...record })
      .expire(key, ACK_TTL_SECONDS)
      .exec();
    const failed = answers?.find(([error]) => error)?.[0];
    if (failed) throw failed;
    await redis.sadd(redisKeys.nodes, node);
    this.acknowledged = text;
    this.acknowledgedAt = Date.now();
  }

  private ackRecord(): AckRecord {
    const { software } = this.options;
    const error = this.refusal ?? '';
    return { ...this.version, state: error === '' ? 'ok' : 'nack', error, started_at: this.startedAt, software };
  }
}
