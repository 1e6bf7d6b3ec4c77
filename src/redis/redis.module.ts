import { Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { Config } from '../config/config.js';
import { configRedis } from '../config/redis-target.js';
import { connectRedis } from './redis-client.js';
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
    Streams,
  ],
  exports: [CONFIG_REDIS, Streams],
})
export class RedisModule implements OnApplicationShutdown {
  constructor(@Inject(CONFIG_REDIS) private readonly redis: Redis) {}

  onApplicationShutdown(): void {
    this.redis.disconnect();
  }
}

function connectConfigRedis(config: Config): Redis {
  const target = configRedis(config);
  if (!target) throw new Error('No Redis is configured: set EZ_REDIS_ADDR');
  return connectRedis(target, 'ez-api-config');
}
