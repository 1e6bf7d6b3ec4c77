import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AlertSources, type Alert, type AlertSource } from './alert-sources.service.js';

/** Far longer than the time between two looks and than a transaction may be open. */
const WINDOW = '10 minutes';

/**
 * Bans, as the operation log has them: it is written with each one, whichever way it came, and nobody can forget to tell of
 * one. A ban of one that is banned already replaces it. To expire is to be disabled by itself, but no ban.
 */
@Injectable()
export class BannedProviders implements AlertSource {
  readonly events = ['provider_banned'] as const;

  constructor(
    private readonly database: DataSource,
    sources: AlertSources,
  ) {
    sources.register(this);
  }

  find(): Promise<Alert[]> {
    return this.database.query(
      `SELECT 'provider_banned:' || o.id AS key, false AS lasting,
              jsonb_build_object('api_key_id', o.resource_id, 'api_key', o.after->>'name',
                'provider_group_id', o.after->'provider_group_id', 'reason', o.after->>'ban_reason',
                'until', o.after->>'ban_until') AS data
         FROM operation_logs o
        WHERE o.resource = 'api key' AND o.at > now() - interval '${WINDOW}' AND o.after->>'status' = 'auto_disabled'
          AND (o.action = 'ban' OR o.action <> 'expire' AND o.before->>'status' <> 'auto_disabled')`,
    );
  }
}
