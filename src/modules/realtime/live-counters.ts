import { Inject, Injectable } from '@nestjs/common';
import { DomainError } from '../../common/domain-error.js';
import { redisKeys } from '../../contract/redis-keys.js';
import type { RedisClient } from '../../redis/redis-client.js';
import { CONFIG_REDIS } from '../../redis/redis.module.js';
import type { CountersView, RealtimeView } from './realtime.dto.js';

/** What balancers count while they serve; the control plane only reads it. */
@Injectable()
export class LiveCounters {
  constructor(@Inject(CONFIG_REDIS) private readonly redis: RedisClient) {}

  /** @throws DomainError `redis_unavailable`: the counters live nowhere else */
  async of(masterId: number, now = new Date()): Promise<RealtimeView> {
    const second = Math.floor(now.getTime() / 1000);
    const minute = Math.floor(second / 60);
    try {
      // Each key by a command of its own: in a cluster they are in different slots. The client sends them together.
      const [current, last, qps] = await Promise.all([
        this.redis.hgetall(redisKeys.rtMaster(masterId, minute)),
        this.redis.hgetall(redisKeys.rtMaster(masterId, minute - 1)),
        this.redis.get(redisKeys.rtMasterQps(masterId, second - 1)),
      ]);
      return {
        ...{ master_id: masterId, at: now, qps: count(qps) },
        last_minute: counters(last, minute - 1),
        current_minute: counters(current, minute),
      };
    } catch {
      throw new DomainError('unavailable', 'The live counters cannot be read: Redis does not answer', {
        code: 'redis_unavailable',
        retryAfterSeconds: 1,
      });
    }
  }
}

const counters = (fields: Record<string, string>, unixMinute: number): CountersView => ({
  since: new Date(unixMinute * 60_000),
  requests: count(fields.requests),
  errors: count(fields.errors),
  input_tokens: count(fields.input_tokens),
  output_tokens: count(fields.output_tokens),
});

/** Whatever somebody else has written there. */
const count = (text: string | null | undefined): number => (/^\d{1,15}$/.test(text ?? '') ? Number(text) : 0);
