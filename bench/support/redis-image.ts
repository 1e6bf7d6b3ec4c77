import type { Redis } from 'ioredis';
import { redisKeys, versionsOf } from '../../src/contract/redis-keys.js';

const PIPELINE = 500;

/** What Redis holds of a key: its field of `config:keys`, the version beside that, and its record as fields and values. */
interface KeyImage {
  hash: string;
  field: string;
  version: string;
  record: string[];
}

export type Image = KeyImage[];

/** Of about so many keys, or of all there are. */
export async function keysImage(redis: Redis, keys: number): Promise<Image> {
  const image: Image = [];
  let cursor = '0';
  do {
    const [next, found] = await redis.hscan(redisKeys.keys, cursor, 'COUNT', PIPELINE);
    const hashes = found.filter((_, i) => i % 2 === 0);
    const records = redis.pipeline();
    for (const hash of hashes) records.hgetall(redisKeys.token(hash));
    const answers = (await records.exec()) ?? [];
    hashes.forEach((hash, i) => {
      const record = answers[i]![1] as Record<string, string>;
      image.push({ hash, field: found[i * 2 + 1]!, version: record.ver!, record: Object.entries(record).flat() });
    });
    cursor = next;
  } while (cursor !== '0' && image.length < keys);
  return image.slice(0, keys);
}

/** Keys and values, without what the protocol adds. */
export const bytesOf = (image: Image): number =>
  image.reduce((sum, one) => sum + commandsOf(one, one.hash).flat().join('').length, 0);

/** As fast as it goes without caring for versions, other clients or a crash in the middle. */
export async function writeImage(redis: Redis, image: Image, copies: number): Promise<void> {
  for (let copy = 0; copy < copies; copy++) {
    for (let i = 0; i < image.length; i += PIPELINE / 2) {
      const pipeline = redis.pipeline();
      for (const one of image.slice(i, i + PIPELINE / 2)) {
        for (const [key, ...fieldsAndValues] of commandsOf(one, renamed(one.hash, copy))) {
          pipeline.hset(key, ...fieldsAndValues);
        }
      }
      await pipeline.exec();
    }
  }
}

type HSet = [key: string, ...fieldsAndValues: string[]];

const commandsOf = ({ field, version, record }: KeyImage, hash: string): HSet[] => [
  [redisKeys.keys, hash, field],
  [versionsOf(redisKeys.keys), hash, version],
  [redisKeys.token(hash), ...record],
];

/** As long, and another one in each copy. */
const renamed = (hash: string, copy: number): string => String.fromCharCode(97 + copy) + hash.slice(1);
