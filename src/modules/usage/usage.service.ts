import { Injectable } from '@nestjs/common';
import { Turnstile } from '../../common/turnstile.js';
import { Outbox } from '../../outbox/outbox.js';
import type { Batch } from './batch.js';
import type { FlushedUsageView } from './flush.dto.js';
import { QuotaAlerts } from './quota-alerts.js';
import { settle, type Settlement } from './settlement.js';
import { UsageMetrics } from './usage-metrics.js';

/** Of the connections that answer requests; the others are for administration. */
const AT_ONCE = 3;
const MOST_WAITING = 200;

/** Settles what balancers have counted. Each batch counts once, however often and wherever it comes. */
@Injectable()
export class UsageService {
  private readonly turnstile = new Turnstile(AT_ONCE, MOST_WAITING);

  constructor(
    private readonly outbox: Outbox,
    private readonly metrics: UsageMetrics,
    private readonly alerts: QuotaAlerts,
  ) {}

  async settle(batch: Batch, way: 'http' | 'stream'): Promise<FlushedUsageView> {
    const stop = this.metrics.settling.startTimer();
    try {
      const settlement = await this.turnstile.pass(() => this.outbox.writeIfDeclared((tx) => settle(tx, batch)));
      this.count(settlement, way);
      this.alerts.noteSpent(batch.entries.map(({ key_id }) => key_id));
      return settlement.view;
    } finally {
      stop();
    }
  }

  private count({ view, exhausted }: Settlement, way: string): void {
    this.metrics.batches.inc({ way, outcome: view.duplicate ? 'duplicate' : 'counted' });
    if (view.duplicate) return;
    this.metrics.exhausted.inc(exhausted);
    this.metrics.unknownIds.inc({ kind: 'key' }, view.unknown.keys.length);
    this.metrics.unknownIds.inc({ kind: 'provider' }, view.unknown.providers.length);
  }
}
