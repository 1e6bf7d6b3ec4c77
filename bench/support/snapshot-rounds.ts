import { setTimeout as sleep } from 'node:timers/promises';
import { redisKeys } from '../../src/contract/redis-keys.js';
import { Arena, type Served } from './arena.js';
import type { Program } from './program.js';
import { bytesOf, type Image, keysImage, writeImage } from './redis-image.js';
import { type RedisLoad, watchRedis } from './redis-load.js';
import { until } from './time.js';

/** What follows a snapshot, such as the search for orphans, must not run into what is measured next. */
const SETTLE_MS = 3000;
/** The image that the yardstick writes: more would only fill our own memory, so it is written again under other names. */
const IMAGE_KEYS = 100_000;

export interface Timed {
  /** Milliseconds of each round. */
  taken: number[];
  loads: RedisLoad[];
}

export interface Measured {
  ours: Timed;
  bare: Timed;
  /** After a FLUSHALL that nobody tells of: until the server knows, and until everything is there. */
  recovery: { noticed: number[]; taken: number[]; loads: RedisLoad[] };
  /** Of what the yardstick writes. */
  bytes: number;
  /** Resident memory of the server beyond what it took before its first snapshot, in MB. */
  growth: number;
}

export interface Size {
  keys: number;
  rounds: number;
  recoveries: number;
}

export async function measureSnapshots(folder: string, size: Size): Promise<Measured> {
  const arena = await Arena.open(folder, `bench_snapshot_${size.keys}`, { redisDb: 1, keys: size.keys });
  try {
    // The first server fills Redis as it starts. The second finds everything there, and is as small as a server can be.
    await (await arena.serve()).program.stop();
    return await new Rounds(arena, await arena.serve(), size).run();
  } finally {
    await arena.close();
  }
}

class Rounds {
  private readonly measured: Measured = {
    ours: { taken: [], loads: [] },
    bare: { taken: [], loads: [] },
    recovery: { noticed: [], taken: [], loads: [] },
    bytes: 0,
    growth: 0,
  };
  private readonly prober: Program;

  constructor(
    private readonly arena: Arena,
    private readonly served: Served,
    private readonly size: Size,
  ) {
    this.prober = arena.startProber();
  }

  async run(): Promise<Measured> {
    const { redis } = this.arena;
    // Saving to disk forks Redis, which stalls it for reasons that are not ours.
    await redis.config('SET', 'save', '');
    await sleep(SETTLE_MS);
    const idle = this.served.program.rss();
    const image = await keysImage(redis, IMAGE_KEYS);
    this.measured.bytes = bytesOf(image) * this.copies;
    for (let round = 0; round < this.size.rounds; round++) {
      await this.sampled(idle, () => this.ours());
      await this.bare(image);
    }
    for (let i = 0; i < this.size.recoveries; i++) await this.sampled(idle, () => this.recover());
    await this.prober.stop();
    return this.measured;
  }

  private get copies(): number {
    return Math.max(1, this.size.keys / IMAGE_KEYS);
  }

  private async sampled(idle: number, work: () => Promise<void>): Promise<void> {
    const sampling = setInterval(() => {
      this.measured.growth = Math.max(this.measured.growth, this.served.program.rss() - idle);
    }, 20);
    await work();
    await sleep(SETTLE_MS);
    clearInterval(sampling);
  }

  private async ours(): Promise<void> {
    const { redis } = this.arena;
    await this.timed(this.measured.ours, async () => {
      await redis.flushdb('ASYNC');
      await this.served.http.call('POST', '/sync/snapshot');
      await until(async () => (await redis.exists(redisKeys.marker)) === 1);
    });
  }

  private async recover(): Promise<void> {
    const { redis } = this.arena;
    const flushedAt = Date.now();
    await this.timed(this.measured.recovery, async () => {
      await redis.flushall('ASYNC');
      await until(async () => (await redis.exists(redisKeys.marker)) === 1);
    });
    const { body } = await this.served.http.call('GET', '/admin/sync/status');
    const { last_snapshot } = JSON.parse(body) as { last_snapshot: { started_at: string } };
    this.measured.recovery.noticed.push(Date.parse(last_snapshot.started_at) - flushedAt);
  }

  /** In a Redis database of its own, or the server would take it for the loss of its data. */
  private async bare(image: Image): Promise<void> {
    const redis = this.arena.redis.duplicate({ db: 2 });
    await this.timed(this.measured.bare, () => writeImage(redis, image, this.copies));
    await redis.flushdb('ASYNC');
    redis.disconnect();
    await sleep(SETTLE_MS);
  }

  private async timed({ taken, loads }: Timed, work: () => Promise<void>): Promise<void> {
    const [ms, load] = await watchRedis(this.arena.redis, this.prober, async () => {
      const startedAt = performance.now();
      await work();
      return performance.now() - startedAt;
    });
    taken.push(ms);
    loads.push(load);
  }
}

/** All of it in one MULTI, as the first gateways of this family did it. */
export async function measureOriginal(folder: string, { keys, rounds }: Pick<Size, 'keys' | 'rounds'>): Promise<Timed> {
  const arena = await Arena.open(folder, 'bench_snapshot_original', { redisDb: 1, keys });
  const timed: Timed = { taken: [], loads: [] };
  try {
    const { http } = await arena.serveOriginal();
    const prober = arena.startProber();
    await sleep(SETTLE_MS);
    for (let round = 0; round < rounds; round++) {
      const [answer, load] = await watchRedis(arena.redis, prober, () => http.call('POST', '/sync/snapshot'));
      timed.taken.push(answer.ms);
      timed.loads.push(load);
      await arena.redis.flushdb('ASYNC');
      await sleep(SETTLE_MS);
    }
    await prober.stop();
    return timed;
  } finally {
    await arena.close();
  }
}
