import { Injectable } from '@nestjs/common';

export const ALERT_EVENTS = [
  'error_rate',
  'server_errors',
  'provider_banned',
  'quota_threshold',
  'sync_lag',
  'log_queue_pressure',
] as const;

export type AlertEvent = (typeof ALERT_EVENTS)[number];

/** From when on something is worth an alert. */
export interface AlertConditions {
  error_rate: { percent: number; minutes: number; min_requests: number };
  server_errors: { count: number; minutes: number };
  quota_threshold: { percent: number };
  sync_lag: { seconds: number };
  log_queue_pressure: { percent: number };
}

export interface Alert {
  /** The same for the same occurrence, whoever notices it and however often. */
  key: string;
  /** True for a state that ends by not being reported any more; false for something that happened. */
  lasting: boolean;
  data: Record<string, string | number | null>;
}

export interface AlertSource {
  readonly events: readonly AlertEvent[];
  /** What is to be alerted of now. Called every few seconds, in every replica; one look has the same conditions for all events. */
  find(event: AlertEvent, conditions: AlertConditions): Promise<Alert[]>;
  /** What was found last has been raised, and needn't be found again. */
  raised?(event: AlertEvent): void;
}

/** Where alerts come from: whoever knows of one kind of trouble registers here. */
@Injectable()
export class AlertSources {
  private readonly sources = new Map<AlertEvent, AlertSource>();

  register(source: AlertSource): void {
    for (const event of source.events) this.sources.set(event, source);
  }

  async find(event: AlertEvent, conditions: AlertConditions): Promise<Alert[]> {
    return (await this.sources.get(event)?.find(event, conditions)) ?? [];
  }

  raised(event: AlertEvent): void {
    this.sources.get(event)?.raised?.(event);
  }
}
