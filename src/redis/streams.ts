import { Injectable } from '@nestjs/common';
import { Config } from '../config/config.js';
import { configRedis } from '../config/redis-target.js';
import { connectRedis, type RedisClient } from './redis-client.js';
import { StreamConsumer, type StreamSpec } from './stream-consumer.js';

const ASK_EVERY_MS = 500;

/** Streams that balancers write. Waiting for entries blocks a connection, so each consumer has its own. */
@Injectable()
export class Streams {
  private isOurs: () => Promise<boolean> = () => Promise.resolve(true);
  private asked: { at: number; answer: Promise<boolean> } | undefined;

  constructor(private readonly config: Config) {}

  consumer(spec: StreamSpec): StreamConsumer {
    const connect = (): RedisClient => connectRedis(configRedis(this.config)!, `ez-api-${spec.stream}`);
    return new StreamConsumer(connect, spec, () => this.mayRead());
  }

  /** What stands in the streams of a Redis that serves another deployment is not ours to take. */
  readOnlyIf(isOurs: () => Promise<boolean>): void {
    this.isOurs = isOurs;
  }

  /** Asked before each turn of every consumer, answered once in a while. */
  private mayRead(): Promise<boolean> {
    if (!this.asked || performance.now() - this.asked.at > ASK_EVERY_MS) {
      this.asked = { at: performance.now(), answer: this.isOurs().catch(() => false) };
    }
    return this.asked.answer;
  }
}
