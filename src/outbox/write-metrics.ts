import { Injectable } from '@nestjs/common';
import { Counter, Histogram } from 'prom-client';
import { Metrics } from '../common/metrics.js';

@Injectable()
export class WriteMetrics {
  readonly writes: Counter;
  readonly headWait: Histogram;

  constructor({ registry }: Metrics) {
    const registers = [registry];
    this.writes = new Counter({ name: 'ez_outbox_writes_total', help: 'Configuration versions committed', registers });
    this.headWait = new Histogram({
      name: 'ez_outbox_head_wait_seconds',
      help: 'What a write took to get its version: the wait for its turn, and the statement that takes it',
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 3],
      registers,
    });
  }
}
