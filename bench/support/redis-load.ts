import { once } from 'node:events';
import type { Redis } from 'ioredis';
import type { Program } from './program.js';
import { median } from './stats.js';

/** What one piece of work meant for other clients of Redis, in milliseconds. */
export interface RedisLoad {
  /** How long each call kept Redis busy, by its own account. Short calls are left out. */
  calls: Map<string, number>;
  /** Longest wait of another client; includes what the machine did to that client. */
  longestWait: number;
}

/** Shorter calls harm nobody. */
export const SHORT_CALL_MS = 0.5;
const ALL = 1_000_000;
/** This program's own. */
const HOUSEKEEPING = /^(flushdb|config|slowlog)$/i;

/** Watches Redis while something happens. */
export async function watchRedis<T>(redis: Redis, prober: Program, work: () => Promise<T>): Promise<[T, RedisLoad]> {
  await redis.config('SET', 'slowlog-log-slower-than', SHORT_CALL_MS * 1000, 'slowlog-max-len', ALL);
  await redis.slowlog('RESET');
  await longestWaitOf(prober);
  const result = await work();
  const longestWait = await longestWaitOf(prober);
  const log = (await redis.slowlog('GET', ALL)) as [id: number, at: number, micros: number, words: string[]][];
  const calls = new Map<string, number>();
  for (const [, , micros, words] of log) {
    if (!HOUSEKEEPING.test(words[0]!)) calls.set(nameOf(words), micros / 1000);
  }
  return [result, { calls, longestWait }];
}

/**
 * The longest call, each taken for as long as it took in the median of all rounds: a process that has to wait for a processor
 * in the middle of a call looks busy, but hardly ever in the middle of the same one again.
 */
export function longestCall(rounds: readonly RedisLoad[]): number {
  const names = new Set(rounds.flatMap(({ calls }) => [...calls.keys()]));
  return Math.max(0, ...[...names].map((name) => median(rounds.map(({ calls }) => calls.get(name) ?? 0))));
}

/** The same in every round: command or script, and the first key or field that it is about. */
function nameOf(words: string[]): string {
  const subject = words.find((word) => /^(auth:token:)?[0-9a-f]{64}$/.test(word)) ?? '';
  return `${words[0]!.toUpperCase()} ${words[1]} ${subject}`;
}

async function longestWaitOf(prober: Program): Promise<number> {
  const answer = once(prober.process, 'message');
  prober.process.send('longest wait?');
  return Number((await answer)[0]);
}
