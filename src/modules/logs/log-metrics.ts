import { Injectable } from '@nestjs/common';
import { Counter, Gauge, Histogram } from 'prom-client';
import { Metrics } from '../../common/metrics.js';

const SOURCES = ['http', 'stream'] as const;
const REFUSALS = ['invalid', 'queue_full', 'unavailable', 'batch_id_reused'] as const;
/** Codes of their answers. */
const BODY_REFUSALS = [
  'invalid',
  'malformed_body',
  'timeout',
  'too_large',
  'unsupported_type',
  'log_ingest_busy',
] as const;
const DROPS = ['unstorable', 'shutdown', 'batch_id_reused'] as const;

export type LogSource = (typeof SOURCES)[number];

/** What becomes of access log records. None leaves without being counted. */
@Injectable()
export class LogMetrics {
  readonly accepted: Counter<'source'>;
  readonly refused: Counter<'reason'>;
  readonly refusedBodies: Counter<'reason'>;
  readonly dropped: Counter<'reason'>;
  readonly duplicates: Counter;
  readonly flushed: Counter;
  readonly flushFailures: Counter;
  readonly flushDuration: Histogram;
  readonly partitionsDropped: Counter;
  readonly lastRetention: Gauge;

  constructor(private readonly metrics: Metrics) {
    const registers = [metrics.registry];
    const counter = (name: string, help: string): Counter => new Counter({ name, help, registers });
    const by = <L extends string>(label: L, name: string, help: string): Counter<L> =>
      new Counter({ name, help, labelNames: [label], registers });
    this.accepted = by('source', 'ez_log_accepted_records_total', 'Records taken in');
    this.refused = by('reason', 'ez_log_refused_records_total', 'Records not taken in, which their sender was told');
    this.refusedBodies = by(
      'reason',
      'ez_log_refused_bodies_total',
      'Bodies not taken in, whose records nobody counted',
    );
    this.dropped = by('reason', 'ez_log_dropped_records_total', 'Records taken in and lost');
    this.duplicates = counter('ez_log_duplicate_records_total', 'Records of batches that had come before');
    this.flushed = counter('ez_log_flushed_records_total', 'Records committed');
    this.flushFailures = counter(
      'ez_log_flush_failures_total',
      'Transactions of records that failed, and are tried again',
    );
    this.flushDuration = new Histogram({
      name: 'ez_log_flush_duration_seconds',
      help: 'Transactions of records, with their roll-ups',
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
      registers,
    });
    this.partitionsDropped = counter('ez_log_partitions_dropped_total', 'Partitions that retention has dropped');
    this.lastRetention = new Gauge({
      name: 'ez_log_retention_last_run_timestamp_seconds',
      help: 'When this process last kept the tables in order; only one replica does',
      registers,
    });
    this.lastRetention.remove(); // It was never in 1970.
    this.beginAtZero();
  }

  /** Once the stream can be asked. */
  streamLength(lengthOf: () => Promise<number>): void {
    const length = new Gauge({
      name: 'ez_log_stream_entries',
      help: 'Entries of logs:ingest that are not acknowledged',
      registers: [this.metrics.registry],
    });
    length.remove(); // It is not 0 while Redis has not answered.
    this.metrics.beforeScrape(async () => length.set(await lengthOf()));
  }

  private beginAtZero(): void {
    for (const source of SOURCES) this.accepted.inc({ source }, 0);
    for (const reason of REFUSALS) this.refused.inc({ reason }, 0);
    for (const reason of BODY_REFUSALS) this.refusedBodies.inc({ reason }, 0);
    for (const reason of DROPS) this.dropped.inc({ reason }, 0);
  }
}
