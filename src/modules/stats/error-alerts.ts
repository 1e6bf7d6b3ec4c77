import { Injectable } from '@nestjs/common';
import {
  AlertSources,
  type Alert,
  type AlertConditions,
  type AlertEvent,
  type AlertSource,
} from '../webhooks/alert-sources.service.js';
import { StatsService } from './stats.service.js';

const MINUTE_MS = 60_000;
const SERVER_ERRORS = '5';

interface Counts {
  requests: number;
  errors: number;
  server_errors: number;
}

/** Tells the webhook when too many of all requests fail, by the roll-ups of the last full minutes. */
@Injectable()
export class ErrorAlerts implements AlertSource {
  readonly events = ['error_rate', 'server_errors'] as const;
  /** What was counted last, for a look hands the same conditions to both events, one after the other. */
  private last?: { conditions: AlertConditions; minutes: number; counts: Counts };

  constructor(
    private readonly stats: StatsService,
    sources: AlertSources,
  ) {
    sources.register(this);
  }

  find(event: AlertEvent, conditions: AlertConditions): Promise<Alert[]> {
    return event === 'error_rate' ? this.errorRate(conditions) : this.serverErrors(conditions);
  }

  private async errorRate(conditions: AlertConditions): Promise<Alert[]> {
    const { percent, minutes, min_requests } = conditions.error_rate;
    const { requests, errors } = await this.countOnce(conditions, minutes);
    if (requests < min_requests || errors * 100 < requests * percent) return [];
    const rate = Math.round((errors * 1000) / requests) / 10;
    return [{ key: 'error_rate', lasting: true, data: { requests, errors, percent: rate, minutes } }];
  }

  private async serverErrors(conditions: AlertConditions): Promise<Alert[]> {
    const { count, minutes } = conditions.server_errors;
    const { requests, server_errors } = await this.countOnce(conditions, minutes);
    if (server_errors < count) return [];
    return [{ key: 'server_errors', lasting: true, data: { requests, server_errors, minutes } }];
  }

  private async countOnce(conditions: AlertConditions, minutes: number): Promise<Counts> {
    if (this.last?.conditions !== conditions || this.last.minutes !== minutes) {
      this.last = { conditions, minutes, counts: await this.count(minutes) };
    }
    return this.last.counts;
  }

  private async count(minutes: number): Promise<Counts> {
    const to = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS;
    const { all, groups } = await this.stats.read({
      from: new Date(to - minutes * MINUTE_MS).toISOString(),
      to: new Date(to).toISOString(),
      interval: 'minute',
      group_by: 'status',
    });
    const { requests, errors } = all.totals;
    const server = groups.find(({ value }) => value === SERVER_ERRORS);
    return { requests, errors, server_errors: server?.totals.requests ?? 0 };
  }
}
