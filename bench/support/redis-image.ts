import type { Redis } from 'ioredis';
import { redisKeys } from '../../src/contract/redis-keys.js';

const PIPELINE = 500;

type HSet = [key: string, ...fieldsAndValues: string[]];

/** Every HSET that it takes to write what Redis holds of the keys: a field of `config:keys` and a record for each. */
export async function keysImage(redis: Redis): Promise<HSet[]> {
  const image: HSet[] = [];
  let cursor = '0';
  do {
    const [next, found] = await redis.hscan(redisKeys.keys, cursor, 'COUNT', PIPELINE);
    const hashes = found.filter((_, i) => i % 2 === 0);
    const records = redis.pipeline();
    for (const hash of hashes) records.hgetall(redisKeys.token(hash));
    const answers = (await records.exec()) ?? [];
    hashes.forEach((hash, i) => {
      image.push([redisKeys.keys, hash, found[i * 2 + 1]!]);
      image.push([redisKeys.token(hash), ...Object.entries(answers[i]![1] as Record<string, string>).flat()]);
    });
    cursor = next;
  } while (cursor !== '0');
  return image;
}

/** As fast as it goes without caring for versions, other clients or a crash in the middle. */
export async function writeImage(redis: Redis, image: readonly HSet[]): Promise<void> {
  for (let i = 0; i < image.length; i += PIPELINE) {
    const pipeline = redis.pipeline();
    for (const [key, ...fieldsAndValues] of image.slice(i, i + PIPELINE)) pipeline.hset(key, ...fieldsAndValues);
    await pipeline.exec();
  }
}
