import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AlertSources, type Alert, type AlertConditions, type AlertSource } from '../webhooks/alert-sources.service.js';

/** Without a receiver nobody takes them. */
const MOST_KEYS = 100_000;

/** Tells the webhook of keys that have used much of their quota: once for each period and limit. */
@Injectable()
export class QuotaAlerts implements AlertSource {
  readonly events = ['quota_threshold'] as const;
  /** Keys that were counted for since the last look; the others have used no more than they had. */
  private spent = new Set<number>();

  constructor(
    private readonly database: DataSource,
    sources: AlertSources,
  ) {
    sources.register(this);
  }

  noteSpent(keyIds: Iterable<number>): void {
    for (const id of keyIds) if (this.spent.size < MOST_KEYS) this.spent.add(id);
  }

  async find(_event: string, { quota_threshold: { percent } }: AlertConditions): Promise<Alert[]> {
    const spent = this.spent;
    if (spent.size === 0) return [];
    this.spent = new Set();
    try {
      return await this.above([...spent], percent);
    } catch (error) {
      this.noteSpent(spent);
      throw error;
    }
  }

  private above(ids: number[], percent: number): Promise<Alert[]> {
    return this.database.query(
      `SELECT concat_ws(':', 'quota_threshold', id, coalesce(extract(epoch FROM quota_period_start)::bigint, 0), quota_limit) AS key,
              false AS lasting,
              jsonb_build_object('key_id', id, 'key', name, 'master_id', master_id, 'quota_limit', quota_limit,
                'quota_used', quota_used, 'period_start', quota_period_start) AS data
         FROM keys
        WHERE id = ANY ($1::bigint[]) AND quota_limit > 0 AND quota_used * 100 >= quota_limit::numeric * $2`,
      [ids, percent],
    );
  }
}
