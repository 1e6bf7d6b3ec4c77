import { Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { Config } from '../config/config.js';
import { configRedis } from '../config/redis-target.js';
import { Eviction } from './eviction.js';
import { connectRedis, type RedisClient } from './redis-client.js';
import { Streams } from './streams.js';

/** The Redis that holds the configuration. */
export const CONFIG_REDIS = Symbol('CONFIG_REDIS');

@Global()
@Module({
  providers: [
    {
      provide: CONFIG_REDIS,
      useFactory: connectConfigRedis,
      inject: [Config],
    },
    { provide: Eviction, useFactory: (redis: RedisClient) => new Eviction(redis), inject: [CONFIG_REDIS] },
    Streams,
  ],
  exports: [CONFIG_REDIS, Eviction, Streams],
})
export class RedisModule implements OnApplicationShutdown {
  constructor(@Inject(CONFIG_REDIS) private readonly redis: RedisClient) {}

  onApplicationShutdown(): void {
    this.redis.disconnect();
  }
}

function connectConfigRedis(config: Config): RedisClient {
  const target = configRedis(config);
  if (!target) throw new Error('No Redis is configured: set EZ_REDIS_ADDR');
  return connectRedis(target, 'ez-api-config');
}
