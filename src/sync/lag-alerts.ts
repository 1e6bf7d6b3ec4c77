import { Injectable } from '@nestjs/common';
import {
  AlertSources,
  type Alert,
  type AlertConditions,
  type AlertSource,
} from '../modules/webhooks/alert-sources.service.js';
import { SyncDatabase } from './sync-database.js';
import { NONE, SyncService } from './sync.service.js';

/** Tells the webhook of changes that Redis has lacked for too long. */
@Injectable()
export class LagAlerts implements AlertSource {
  readonly events = ['sync_lag'] as const;
  /** Since when Redis has been seen to hold nothing of this database: how old its changes are says nothing then. */
  private strangeSince: number | undefined;

  constructor(
    private readonly sync: SyncService,
    private readonly database: SyncDatabase,
    sources: AlertSources,
  ) {
    sources.register(this);
  }

  async find(_event: string, { sync_lag }: AlertConditions): Promise<Alert[]> {
    const { head, applied, isConnected } = await this.sync.look();
    if (applied !== NONE) this.strangeSince = undefined;
    else this.strangeSince ??= performance.now();
    const [oldest] = await this.database.query<{ age: number }>(
      `SELECT extract(epoch FROM clock_timestamp() - changed_at) AS age
         FROM sync_resource WHERE version > $1 ORDER BY version LIMIT 1`,
      [applied],
    );
    const age = this.strangeSince === undefined ? (oldest?.age ?? 0) : (performance.now() - this.strangeSince) / 1000;
    if (age < sync_lag.seconds) return [];
    const data = {
      lag_seconds: Math.round(age),
      config_version: `${head.gen}.${head.version}`,
      redis: isConnected ? 'connected' : 'not reachable',
    };
    return [{ key: 'sync_lag', lasting: true, data }];
  }
}
