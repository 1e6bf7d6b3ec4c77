import { Injectable } from '@nestjs/common';
import { Counter, Gauge, Histogram } from 'prom-client';
import { Metrics } from '../../common/metrics.js';

/** What became of a batch. */
export type Outcome = 'counted' | 'duplicate' | 'refused';

@Injectable()
export class UsageMetrics {
  readonly batches: Counter<'way' | 'outcome'>;
  readonly unknownIds: Counter<'kind'>;
  readonly settling: Histogram;
  readonly streamEntries: Gauge;
  readonly resets: Counter;
  readonly exhausted: Counter;
  readonly overdue: Gauge;
  readonly unknownZones: Gauge;

  constructor({ registry }: Metrics) {
    const registers = [registry];
    this.batches = new Counter({
      name: 'ez_usage_batches_total',
      help: 'Batches of usage, by the way they came (http, stream) and what became of them (counted, duplicate, refused)',
      labelNames: ['way', 'outcome'],
      registers,
    });
    this.unknownIds = new Counter({
      name: 'ez_usage_unknown_ids_total',
      help: 'Keys and providers in usage that are not there, or not any more',
      labelNames: ['kind'],
      registers,
    });
    this.settling = new Histogram({
      name: 'ez_usage_settle_seconds',
      help: 'What it takes to count a batch, the wait for its turn included',
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 3],
      registers,
    });
    const help = 'Batches that wait in usage:ingest';
    this.streamEntries = new Gauge({ name: 'ez_usage_stream_entries', help, registers });
    this.resets = new Counter({ name: 'ez_quota_resets_total', help: 'Quota periods begun', registers });
    this.exhausted = new Counter({
      name: 'ez_quota_exhausted_total',
      help: 'Keys that usage has brought to the end of their quota',
      registers,
    });
    this.overdue = new Gauge({
      name: 'ez_quota_reset_overdue_seconds',
      help: 'By how much the oldest reset that is due is late; 0 when none is due',
      registers,
    });
    this.unknownZones = new Gauge({
      name: 'ez_quota_unknown_time_zones',
      help: 'Time zones that this server does not know, of keys that it therefore does not reset',
      registers,
    });
  }
}
