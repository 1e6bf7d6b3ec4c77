import { Injectable } from '@nestjs/common';
import { Gauge } from 'prom-client';
import { Metrics } from '../../common/metrics.js';
import { LogDatabase } from '../../log-database/log-database.js';

/** Counting more than that would take longer than a scrape may, and says nothing new. */
const COUNT_MAX = 100_000;

const READ = `
  SELECT extract(epoch FROM now() - compacted_at)::float8 AS lag,
         (SELECT count(*)::int FROM (SELECT FROM logs.rollup_deltas LIMIT ${COUNT_MAX}) AS d) AS deltas
    FROM logs.rollup_state`;

/** How far the roll-ups are behind. Statistics count what waits all the same, but it makes them slower. */
@Injectable()
export class RollupMetrics {
  constructor(metrics: Metrics, database: LogDatabase) {
    const gauge = (name: string, help: string): Gauge => {
      const made = new Gauge({ name, help, registers: [metrics.registry] });
      made.remove(); // It is not 0 while nobody has asked.
      return made;
    };
    const deltas = gauge('ez_log_rollup_deltas', `Sums of flushes that are not moved yet, counted up to ${COUNT_MAX}`);
    const lag = gauge('ez_log_rollup_lag_seconds', 'Since any replica moved sums of flushes into the roll-ups');
    metrics.beforeScrape(async () => {
      const { rows } = await database.reads.query<{ lag: number; deltas: number }>(READ);
      deltas.set(rows[0]!.deltas);
      lag.set(rows[0]!.lag);
    });
  }
}
