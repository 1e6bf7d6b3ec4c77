import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AlertSources, type Alert, type AlertConditions, type AlertSource } from '../webhooks/alert-sources.service.js';

/** Without a receiver nobody takes them. */
const MOST_KEYS = 100_000;
/** Of changes by operators: far longer than the time between two looks and than a transaction may be open. */
const WINDOW = '10 minutes';

/** Tells the webhook of keys that have used much of their quota: once for each period and limit. */
@Injectable()
export class QuotaAlerts implements AlertSource {
  readonly events = ['quota_threshold'] as const;
  /** Keys that were counted for since the last look; the others have used no more than they had. */
  private spent = new Set<number>();
  /** Those of the last look, until what it found is raised. */
  private looked = new Set<number>();
  /** The configuration up to which changes of quotas were looked at. */
  private head = '0';

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
    this.looked = new Set([...this.looked, ...this.spent]);
    this.spent = new Set();
    for (const id of await this.changed()) this.looked.add(id);
    return this.looked.size === 0 ? [] : this.above([...this.looked], percent);
  }

  raised(): void {
    this.looked = new Set();
  }

  /** Keys whose quota an operator has changed since the last look. Versions are in the order of commits, so none is missed. */
  private async changed(): Promise<number[]> {
    const [row] = await this.database.query<{ head: string; ids: number[] }[]>(
      `SELECT h.version AS head, ARRAY(
                SELECT DISTINCT o.resource_id::float8 FROM operation_logs o
                 WHERE o.config_version > $1 AND o.at > now() - interval '${WINDOW}' AND o.resource = 'key'
                   AND (o.before->'quota_limit', o.before->'quota_used')
                       IS DISTINCT FROM (o.after->'quota_limit', o.after->'quota_used')
                   AND o.before IS NOT NULL AND o.after IS NOT NULL) AS ids
         FROM sync_head h`,
      [this.head],
    );
    this.head = row!.head;
    return row!.ids;
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
