import { Cluster, type Redis } from 'ioredis';
import type { RedisClient } from './redis-client.js';

/** The servers that take writes. */
export const mastersOf = (redis: RedisClient): Redis[] => (redis instanceof Cluster ? redis.nodes('master') : [redis]);

/** Whenever a server that was not to be had is there again. */
export function onConnected(redis: RedisClient, listener: () => void): void {
  redis.on('ready', listener);
  if (!(redis instanceof Cluster)) return;
  for (const node of redis.nodes()) node.on('ready', listener);
  redis.on('+node', (node: Redis) => node.on('ready', listener));
}

type Reply = [error: Error | null, reply: unknown];

/** Answers to one command about each of these keys, in their order. On one server they travel together. */
export async function askEach(
  redis: RedisClient,
  keys: readonly string[],
  [command, ...args]: readonly [string, ...string[]],
): Promise<Reply[]> {
  if (!(redis instanceof Cluster)) {
    const pipeline = redis.pipeline();
    for (const key of keys) pipeline.call(command, key, ...args);
    return (await pipeline.exec()) ?? [];
  }
  const asked = keys.map((key) => redis.call(command, key, ...args));
  return (await Promise.allSettled(asked)).map((answer) =>
    answer.status === 'fulfilled' ? [null, answer.value] : [answer.reason as Error, undefined],
  );
}
