import { Injectable, Logger } from '@nestjs/common';
import { Config } from '../config/config.js';
import type { BrokenResource, ResourceRef } from './resource.js';
import { SyncDatabase } from './sync-database.js';

const RETRY_MS = 10_000;

/**
 * Resources that can't be rendered. They keep their last good value in Redis, are looked at again for ever, and hold up
 * nobody else. A new version of such a resource starts afresh.
 */
@Injectable()
export class Quarantine {
  private readonly logger = new Logger(Quarantine.name);
  private retryAt = 0;

  constructor(
    private readonly database: SyncDatabase,
    private readonly config: Config,
  ) {}

  /** Failures after which somebody has to be told. */
  get alarmAfter(): number {
    return Math.max(1, this.config.sync_outbox.max_retries);
  }

  /** Whether it is time for another attempt; if so, the next one is some 10 s away. */
  isRetryDue(): boolean {
    if (Date.now() < this.retryAt) return false;
    this.retryAt = Date.now() + RETRY_MS * (0.75 + Math.random() / 2);
    return true;
  }

  async record(broken: readonly BrokenResource[]): Promise<void> {
    if (broken.length === 0) return;
    const rows = await this.database.query<{ kind: string; ref: string; attempts: number; last_error: string }>(
      // A row that is locked is being replaced by a newer version, and nobody who writes shall wait for this.
      // It may be older than the version that failed: a key has that of its master, if that is newer.
      `WITH free AS (
         SELECT s.kind, s.ref, failed.reason
           FROM sync_resource s
           JOIN unnest($1::text[], $2::text[], $3::bigint[], $4::text[]) failed (kind, ref, version, reason)
             ON s.kind = failed.kind AND s.ref = failed.ref AND s.version <= failed.version
            FOR UPDATE OF s SKIP LOCKED)
       UPDATE sync_resource s
          SET attempts = s.attempts + 1, last_error = free.reason, quarantined_at = coalesce(s.quarantined_at, now())
         FROM free WHERE s.kind = free.kind AND s.ref = free.ref
       RETURNING s.kind, s.ref, s.attempts, s.last_error`,
      [...columns(broken), broken.map(({ reason }) => reason)],
    );
    for (const { kind, ref, attempts, last_error } of rows) {
      if (attempts === this.alarmAfter) this.logger.error(`quarantined ${kind} ${ref}: ${last_error}`);
    }
  }

  async clear(healed: readonly ResourceRef[]): Promise<void> {
    if (healed.length === 0) return;
    await this.database.query(
      `WITH free AS (
         SELECT s.kind, s.ref
           FROM sync_resource s
           JOIN unnest($1::text[], $2::text[], $3::bigint[]) rendered (kind, ref, version)
             ON s.kind = rendered.kind AND s.ref = rendered.ref AND s.version <= rendered.version
            FOR UPDATE OF s SKIP LOCKED)
       UPDATE sync_resource s SET attempts = 0, last_error = NULL, quarantined_at = NULL
         FROM free WHERE s.kind = free.kind AND s.ref = free.ref`,
      columns(healed),
    );
    for (const { kind, ref } of healed) this.logger.log(`${kind} ${ref} left quarantine`);
  }
}

const columns = (refs: readonly ResourceRef[]): [string[], string[], string[]] => [
  refs.map(({ kind }) => kind),
  refs.map(({ ref }) => ref),
  refs.map(({ version }) => version),
];
