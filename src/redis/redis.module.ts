import { Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { Config } from '../config/config.js';
import { cacheRedis, configRedis, type RedisTarget } from '../config/redis-target.js';
import { connectRedis } from './redis-client.js';

/** The Redis that holds the configuration. */
export const CONFIG_REDIS = Symbol('CONFIG_REDIS');

/** The Redis of sticky sessions; a connection of its own even where it is the same server. */
export const CACHE_REDIS = Symbol('CACHE_REDIS');

@Global()
@Module({
  providers: [
    {
      provide: CONFIG_REDIS,
      useFactory: (config: Config) => connectRedis(needed(configRedis(config)), 'ez-api-config'),
      inject: [Config],
    },
    {
      provide: CACHE_REDIS,
      useFactory: (config: Config) => connectRedis(needed(cacheRedis(config)), 'ez-api-cache'),
      inject: [Config],
    },
  ],
  exports: [CONFIG_REDIS, CACHE_REDIS],
})
export class RedisModule implements OnApplicationShutdown {
  constructor(
    @Inject(CONFIG_REDIS) private readonly config: Redis,
    @Inject(CACHE_REDIS) private readonly cache: Redis,
  ) {}

  onApplicationShutdown(): void {
    this.config.disconnect();
    this.cache.disconnect();
  }
}

function needed(target: RedisTarget | undefined): RedisTarget {
  if (!target) throw new Error('No Redis is configured: set EZ_REDIS_ADDR');
  return target;
}
