import { setTimeout as sleep } from 'node:timers/promises';
import { redisKeys } from '../src/contract/redis-keys.js';
import { Arena, type Served } from './support/arena.js';
import type { Figure } from './support/figure.js';
import type { Program } from './support/program.js';
import { keysImage, writeImage } from './support/redis-image.js';
import { longestCall, type RedisLoad, SHORT_CALL_MS, watchRedis } from './support/redis-load.js';
import { median, medianRatio, ms, seconds } from './support/stats.js';
import { until } from './support/time.js';

const KEYS = 100_000;
/** What takes memory for each key takes three times as much for these. */
const MORE_KEYS = 300_000;
const ROUNDS = 5;
const LONGEST_CALL_MS = 10;
const MOST_GROWTH_MB = 150;
/** What follows a snapshot, such as the search for orphans, must not run into what is measured next. */
const SETTLE_MS = 3000;

/** A full snapshot of 100,000 keys into an empty Redis, beside bare pipelined HSETs of the same bytes. */
export async function snapshot(folder: string): Promise<Figure[]> {
  const measured = await measure(folder, { keys: KEYS, rounds: ROUNDS });
  const { growth } = await measure(folder, { keys: MORE_KEYS, rounds: 2 });
  return [...figures(measured), memoryFigure(measured.growth, growth)];
}

async function measure(folder: string, { keys, rounds }: { keys: number; rounds: number }): Promise<Measured> {
  const arena = await Arena.open(folder, `bench_snapshot_${keys}`, { redisDb: 1, keys });
  try {
    // The first server fills Redis as it starts. The second finds everything there, and is as small as a server can be.
    await (await arena.serve()).program.stop();
    return await new Rounds(arena, await arena.serve()).run(rounds);
  } finally {
    await arena.close();
  }
}

interface Measured {
  /** Milliseconds of each round. */
  ours: number[];
  bare: number[];
  ourLoads: RedisLoad[];
  bareLoads: RedisLoad[];
  /** Resident memory of the server beyond what it took before its first snapshot, in MB. */
  growth: number;
}

class Rounds {
  private readonly measured: Measured = { ours: [], bare: [], ourLoads: [], bareLoads: [], growth: 0 };

  constructor(
    private readonly arena: Arena,
    private readonly served: Served,
  ) {}

  async run(rounds: number): Promise<Measured> {
    const { redis } = this.arena;
    // Saving to disk forks Redis, which stalls it for reasons that are not ours.
    await redis.config('SET', 'save', '');
    const prober = this.arena.startProber();
    await sleep(SETTLE_MS);
    const idle = this.served.program.rss();
    const image = await keysImage(redis);
    for (let round = 0; round < rounds; round++) {
      await this.ours(prober, idle);
      await this.bare(prober, image);
    }
    await prober.stop();
    return this.measured;
  }

  private async ours(prober: Program, idle: number): Promise<void> {
    const { redis } = this.arena;
    const sampling = setInterval(() => {
      this.measured.growth = Math.max(this.measured.growth, this.served.program.rss() - idle);
    }, 20);
    const [taken, load] = await watchRedis(redis, prober, async () => {
      const startedAt = performance.now();
      await redis.flushdb('ASYNC');
      await this.served.http.call('POST', '/sync/snapshot');
      return (await until(async () => (await redis.exists(redisKeys.marker)) === 1)) - startedAt;
    });
    await sleep(SETTLE_MS);
    clearInterval(sampling);
    this.measured.ours.push(taken);
    this.measured.ourLoads.push(load);
  }

  /** In a Redis database of its own, or the server would take it for the loss of its data. */
  private async bare(prober: Program, image: Awaited<ReturnType<typeof keysImage>>): Promise<void> {
    const redis = this.arena.redis.duplicate({ db: 2 });
    const [taken, load] = await watchRedis(redis, prober, async () => {
      const startedAt = performance.now();
      await writeImage(redis, image);
      return performance.now() - startedAt;
    });
    await redis.flushdb('ASYNC');
    redis.disconnect();
    await sleep(SETTLE_MS);
    this.measured.bare.push(taken);
    this.measured.bareLoads.push(load);
  }
}

function figures({ ours, bare, ourLoads, bareLoads }: Measured): Figure[] {
  const ratio = medianRatio(bare, ours);
  const call = longestCall(ourLoads);
  return [
    {
      what: `Full snapshot of ${KEYS.toLocaleString('en')} keys`,
      ours: seconds(median(ours)),
      yardstick: `bare pipelined HSETs of the same bytes: ${seconds(median(bare))}`,
      ratio,
      target: 'ratio ≥ 0.50',
      isMet: ratio >= 0.5,
    },
    {
      what: '… longest call to Redis, each in the median of all rounds',
      ours: callTime(call),
      yardstick: callTime(longestCall(bareLoads)),
      target: '≤ 10 ms',
      isMet: call <= LONGEST_CALL_MS,
    },
    {
      what: '… longest wait of another client that asks every millisecond',
      ours: typical(ourLoads.map(({ longestWait }) => longestWait)),
      yardstick: typical(bareLoads.map(({ longestWait }) => longestWait)),
      target: '',
    },
  ];
}

const callTime = (longest: number): string => (longest === 0 ? `none above ${ms(SHORT_CALL_MS)}` : ms(longest));

/** The longest of a round is at the mercy of the machine, so the worst round stands beside the median. */
const typical = (longest: readonly number[]): string =>
  `${ms(median(longest))}, worst round ${ms(Math.max(...longest))}`;

const memoryFigure = (growth: number, ofMore: number): Figure => ({
  what: '… memory that the server takes for it',
  ours: `+${growth.toFixed(0)} MB; for ${MORE_KEYS.toLocaleString('en')} keys +${ofMore.toFixed(0)} MB`,
  yardstick: '',
  target: `≤ ${MOST_GROWTH_MB} MB, for more keys too`,
  isMet: Math.max(growth, ofMore) <= MOST_GROWTH_MB,
});
