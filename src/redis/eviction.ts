import { Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { mastersOf, onConnected } from './masters.js';
import type { RedisClient } from './redis-client.js';

const CHECK_MS = 60_000;

/** Whether Redis may throw configuration away to make room: it looks like data that nobody has ever written. */
export class Eviction implements OnApplicationBootstrap, OnApplicationShutdown {
  /** What to do about it; null: nothing. */
  danger: string | null = null;
  private readonly logger = new Logger(Eviction.name);

  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly redis: RedisClient) {}

  onApplicationBootstrap(): void {
    onConnected(this.redis, () => void this.check());
    this.timer = setInterval(() => void this.check(), CHECK_MS);
    void this.check();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  /** What can't be asked now is asked again. */
  private async check(): Promise<void> {
    const answers = await Promise.allSettled(mastersOf(this.redis).map((master) => master.info('memory')));
    const memories = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
    if (memories.length < answers.length) return;
    const danger = memories.map(dangerOf).find((each) => each !== null) ?? null;
    if (danger !== null && danger !== this.danger) this.logger.warn(danger);
    this.danger = danger;
  }
}

/** Of INFO memory, which asks for fewer rights than CONFIG GET. Configuration has no time to live, so `volatile-*` spares it. */
export function dangerOf(memory: string): string | null {
  const [, policy = ''] = /^maxmemory_policy:(\S+)/m.exec(memory) ?? [];
  const [, limit = '0'] = /^maxmemory:(\d+)/m.exec(memory) ?? [];
  if (!policy.startsWith('allkeys-') || limit === '0') return null;
  return `Redis may evict configuration: its maxmemory-policy is ${policy}; set it to noeviction`;
}
