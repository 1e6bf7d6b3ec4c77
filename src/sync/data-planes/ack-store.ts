import { Inject, Injectable } from '@nestjs/common';
import type { Cluster, Redis } from 'ioredis';
import { redisKeys, redisPrefixes } from '../../contract/redis-keys.js';
import { CONFIG_REDIS } from '../../redis/redis.module.js';
import { isWrongType } from '../redis-store.js';
import { ACK_FIELDS, toDataPlane, type DataPlane } from './ack.js';

/** Everything that is said to Redis about data planes. Each command names one key, so that it works in a cluster too. */
@Injectable()
export class AckStore {
  constructor(@Inject(CONFIG_REDIS) private readonly redis: Redis | Cluster) {}

  /** Of the nodes that are registered, at most `count`, any of them. */
  names(count: number): Promise<string[]> {
    return this.redis.srandmember(redisKeys.nodes, count);
  }

  /** All names that are registered, page by page. */
  async *registered(pageSize: number): AsyncGenerator<string[]> {
    let cursor = '0';
    do {
      const [next, names] = await this.redis.sscan(redisKeys.nodes, cursor, 'COUNT', pageSize);
      if (names.length > 0) yield names;
      cursor = next;
    } while (cursor !== '0');
  }

  async register(names: readonly string[]): Promise<void> {
    await this.redis.sadd(redisKeys.nodes, ...names);
  }

  async forget(names: readonly string[]): Promise<void> {
    await this.redis.srem(redisKeys.nodes, ...names);
  }

  async clear(): Promise<void> {
    await this.redis.unlink(redisKeys.nodes);
  }

  /** Undefined: it is gone. */
  async read(name: string): Promise<DataPlane | undefined> {
    const key = redisKeys.ack(name);
    const [fields, ttlMs] = await Promise.all([
      this.redis.hmget(key, ...ACK_FIELDS).catch(unlessWrongType),
      this.redis.pttl(key),
    ]);
    return toDataPlane(name, { fields, ttlMs }, new Date());
  }

  /** Names of nodes that have acknowledged, page by page, registered or not: a walk through all keys of all servers. */
  async *search(pageSize: number): AsyncGenerator<string[]> {
    for (const server of serversOf(this.redis)) {
      let cursor = '0';
      do {
        const [next, keys] = await server.scan(cursor, 'MATCH', `${redisPrefixes.ack}*`, 'COUNT', pageSize);
        yield keys.map((key) => key.slice(redisPrefixes.ack.length));
        cursor = next;
      } while (cursor !== '0');
    }
  }
}

const serversOf = (redis: Redis | Cluster): Redis[] => ('nodes' in redis ? redis.nodes('master') : [redis]);

function unlessWrongType(error: unknown): undefined {
  if (!isWrongType(error)) throw error;
}
