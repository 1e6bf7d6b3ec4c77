import { Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { Config } from '../config/config.js';
import { configRedis } from '../config/redis-target.js';
import { connectRedis } from './redis-client.js';

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
  ],
  exports: [CONFIG_REDIS],
})
export class RedisModule implements OnApplicationShutdown {
  constructor(@Inject(CONFIG_REDIS) private readonly redis: Redis) {}

  onApplicationShutdown(): void {
    this.redis.disconnect();
  }
}

function connectConfigRedis(config: Config): Redis {
  return connectOwn(config, 'ez-api-config');
}

/** A connection for commands that block: they would hold up everybody else's. Whoever asks for it closes it. */
export function connectOwn(config: Config, name: string): Redis {
  const target = configRedis(config);
  if (!target) throw new Error('No Redis is configured: set EZ_REDIS_ADDR');
  return connectRedis(target, name);
}
