import { Injectable } from '@nestjs/common';
import { Gauge } from 'prom-client';
import { Metrics } from '../../common/metrics.js';

interface PoolCounts {
  totalCount: number;
  idleCount: number;
  waitingCount: number;
}

/** How busy the connections to PostgreSQL are. */
@Injectable()
export class PgPools {
  private readonly gauges: Record<keyof PoolCounts, Gauge>;

  constructor(private readonly metrics: Metrics) {
    const gauge = (name: string, help: string): Gauge =>
      new Gauge({ name, help, labelNames: ['pool'], registers: [metrics.registry] });
    this.gauges = {
      totalCount: gauge('ez_pg_pool_size', 'Open connections'),
      idleCount: gauge('ez_pg_pool_idle', 'Open connections that nobody uses'),
      waitingCount: gauge('ez_pg_pool_waiting', 'Callers that wait for a connection'),
    };
  }

  watch(pool: string, countsOf: () => PoolCounts): void {
    this.metrics.beforeScrape(() => {
      const counts = countsOf();
      for (const name of Object.keys(this.gauges) as (keyof PoolCounts)[]) {
        this.gauges[name].set({ pool }, counts[name]);
      }
    });
  }
}
