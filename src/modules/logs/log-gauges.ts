import { Injectable } from '@nestjs/common';
import { Gauge } from 'prom-client';
import { Metrics } from '../../common/metrics.js';
import { Config } from '../../config/config.js';
import { LogDatabase } from '../../log-database/log-database.js';
import { readPartitions } from '../../log-database/partitions.js';
import { PgPools } from '../metrics/pg-pools.service.js';
import { LogWriter } from './log-writer.js';

/** What is looked up when somebody asks: the queue, and what the log database holds. */
@Injectable()
export class LogGauges {
  constructor(
    private readonly metrics: Metrics,
    private readonly database: LogDatabase,
    writer: LogWriter,
    config: Config,
    pools: PgPools,
  ) {
    const queued = this.gauge('ez_log_queue_records', 'Records in memory, waiting or being written');
    this.gauge('ez_log_queue_capacity_records', 'Records that memory may hold').set(config.log.queue_capacity);
    metrics.beforeScrape(() => queued.set(writer.queue.size));
    pools.watch('log_writes', () => database.writes);
    pools.watch('log_reads', () => database.reads);
    pools.watch('log_searches', () => database.searches);
    this.watchTables();
  }

  private watchTables(): void {
    const partitions = this.gauge('ez_log_partitions', 'Partitions of the records');
    const oldest = this.gauge('ez_log_oldest_record_timestamp_seconds', 'Oldest record there is');
    const newest = this.gauge('ez_log_newest_record_timestamp_seconds', 'Newest record there is');
    for (const gauge of [partitions, oldest, newest]) gauge.remove(); // Not 0 while nobody has looked.
    this.metrics.beforeScrape(async () => {
      partitions.set((await readPartitions(this.database.searches)).length);
      const { rows } = await this.database.searches.query<{ oldest: Date | null; newest: Date | null }>(ENDS);
      for (const [gauge, at] of [[oldest, rows[0]?.oldest] as const, [newest, rows[0]?.newest] as const]) {
        if (at) gauge.set(at.getTime() / 1000);
        else gauge.remove();
      }
    });
  }

  private gauge(name: string, help: string): Gauge {
    return new Gauge({ name, help, registers: [this.metrics.registry] });
  }
}

/** Both ends of an index. */
const ENDS = `
  SELECT (SELECT at FROM logs.records ORDER BY at, id LIMIT 1) AS oldest,
         (SELECT at FROM logs.records ORDER BY at DESC, id DESC LIMIT 1) AS newest`;
