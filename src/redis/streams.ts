import { Injectable } from '@nestjs/common';
import { Config } from '../config/config.js';
import { configRedis } from '../config/redis-target.js';
import { connectRedis } from './redis-client.js';
import { StreamConsumer, type StreamSpec } from './stream-consumer.js';

/** Streams that balancers write. Waiting for entries blocks a connection, so each consumer has its own. */
@Injectable()
export class Streams {
  constructor(private readonly config: Config) {}

  consumer(spec: StreamSpec): StreamConsumer {
    return new StreamConsumer(() => connectRedis(configRedis(this.config)!, `ez-api-${spec.stream}`), spec);
  }
}
