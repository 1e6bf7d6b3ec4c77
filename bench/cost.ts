import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { type Arena, type Served, sideBySide } from './support/arena.js';
import type { Figure } from './support/figure.js';
import { type SeededKey, someKeys } from './support/seed.js';
import { ORIGINAL, OURS } from './support/side.js';
import { paced } from './support/time.js';

const KEYS = 10_000;
const CHANGES = 500;
const PER_SECOND = 100;
const IDLE_MS = 10_000;
const SETTLE_MS = 3000;
const WEIGHT = 77;
/** Commands that change data; scripts are counted by what they call. */
const WRITES =
  /^cmdstat_(hset|hdel|hmset|del|unlink|set|xadd|xtrim|zadd|zrem|rename|expire|pexpire|publish):calls=(\d+)/gm;

/** What a change costs Redis, and what looking at everything costs it when nothing has changed. */
export const cost = (folder: string): Promise<Figure[]> =>
  sideBySide(folder, { name: 'bench_cost', keys: KEYS }, async (ours, original) => {
    // Only one may run at a time: Redis counts for all of its clients.
    const served = await original.serveOriginal();
    const bytesOfOriginal = await bytesPerChange(original, served, ORIGINAL);
    return measure(ours, bytesOfOriginal);
  });

async function measure(arena: Arena, bytesOfOriginal: number): Promise<Figure[]> {
  const served = await arena.serve();
  const bytes = await bytesPerChange(arena, served, OURS);
  const idle = await writesDuring(arena.redis, () => sleep(IDLE_MS));
  const startedAt = performance.now();
  const reconcile = await writesDuring(arena.redis, async () => {
    const { body } = await served.http.call('POST', '/admin/sync/reconcile?wait_ms=30000');
    if (!body.includes('"finished"')) throw new Error('the comparison takes too long');
  });
  const seconds = (performance.now() - startedAt) / 1000;
  const heartbeats = (idle / IDLE_MS) * 1000;
  return [
    {
      what: `Bytes that Redis is sent for a change of a key, ${PER_SECOND} changes/s`,
      ours: `${Math.round(bytes).toLocaleString('en')} B`,
      yardstick: `the original's way, two HSETs: ${Math.round(bytesOfOriginal).toLocaleString('en')} B`,
      ratio: bytesOfOriginal / bytes,
      target: '',
    },
    {
      what: `Writing commands of a comparison of ${KEYS.toLocaleString('en')} keys that finds nothing, ${seconds.toFixed(1)} s`,
      ours: `${reconcile}`,
      yardstick: `idle: ${heartbeats.toFixed(1)} a second`,
      target: 'heartbeats only',
      isMet: reconcile <= Math.ceil((seconds + 1) * heartbeats),
    },
  ];
}

/** Without what is sent when nothing changes. */
async function bytesPerChange(arena: Arena, served: Served, { send }: typeof OURS): Promise<number> {
  const keys: SeededKey[] = await someKeys(arena.pool, CHANGES);
  await sleep(SETTLE_MS);
  const idle = await bytesDuring(arena.redis, () => sleep(IDLE_MS));
  const startedAt = performance.now();
  const busy = await bytesDuring(arena.redis, async () => {
    await paced(PER_SECOND, CHANGES, async (i) => void (await send(served, [keys[i]!], { weight: WEIGHT })));
    await sleep(SETTLE_MS);
  });
  return (busy - (idle / IDLE_MS) * (performance.now() - startedAt)) / CHANGES;
}

async function bytesDuring(redis: Redis, work: () => Promise<unknown>): Promise<number> {
  const received = async (): Promise<number> =>
    Number(/total_net_input_bytes:(\d+)/.exec(await redis.info('stats'))?.[1]);
  const before = await received();
  await work();
  return (await received()) - before;
}

async function writesDuring(redis: Redis, work: () => Promise<unknown>): Promise<number> {
  const written = async (): Promise<number> =>
    [...(await redis.info('commandstats')).matchAll(WRITES)].reduce((sum, [, , calls]) => sum + Number(calls), 0);
  const before = await written();
  await work();
  return (await written()) - before;
}
