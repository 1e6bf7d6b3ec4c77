import { Injectable, Logger } from '@nestjs/common';
import type { SqlRunner } from '../common/request-context.js';
import { SyncDatabase } from './sync-database.js';

/** Channel on which the dispatching replica hears that somebody has asked. */
export const REQUEST_CHANNEL = 'ez_sync_request';

type RequestKind = 'snapshot' | 'reconcile';

export interface SyncRequest {
  kind: RequestKind;
  id: string;
}

/** What begins after a request answers those before it too, so that of many the newest say it all. */
const KEPT = 100;

const ASK = `
  WITH asked AS (INSERT INTO sync_requests (id, kind) VALUES ($1, $2)),
       outdone AS (DELETE FROM sync_requests WHERE kind = $2 AND asked_at <= (
         SELECT asked_at FROM sync_requests WHERE kind = $2 ORDER BY asked_at DESC OFFSET $3 LIMIT 1))
  SELECT pg_notify($4, '')`;

/**
 * What is asked of the replica that dispatches, in whichever replica. Each request is a row until it is answered, for nobody
 * may be dispatching now, or somebody else tomorrow.
 */
@Injectable()
export class SyncRequests {
  private readonly logger = new Logger('Requests');
  private requests: readonly SyncRequest[] = [];
  private hasNews = true;

  constructor(private readonly database: SyncDatabase) {}

  /** Once the transaction commits. By its id the answer can be known. */
  async ask(transaction: SqlRunner, { kind, id }: SyncRequest): Promise<void> {
    await transaction.query(ASK, [id, kind, KEPT - 1, REQUEST_CHANNEL]);
  }

  /** There may be some that this process does not know. */
  recall(): void {
    this.hasNews = true;
  }

  get isUnread(): boolean {
    return this.hasNews;
  }

  /** Reads what is open, if there may be something new. */
  async look(): Promise<void> {
    if (!this.hasNews) return;
    this.hasNews = false;
    try {
      this.requests = await this.database.query<SyncRequest>('SELECT kind, id FROM sync_requests ORDER BY asked_at');
    } catch (error) {
      this.recall();
      throw error;
    }
  }

  open(kind: RequestKind): readonly string[] {
    return this.requests.flatMap((request) => (request.kind === kind ? request.id : []));
  }

  /** Those of `ids` that are open are answered. Where that can't be noted, the rows that stay are read again. */
  async settle(ids: readonly string[]): Promise<void> {
    const answered = this.requests.filter(({ id }) => ids.includes(id)).map(({ id }) => id);
    if (answered.length === 0) return;
    this.requests = this.requests.filter(({ id }) => !ids.includes(id));
    try {
      await this.database.query('DELETE FROM sync_requests WHERE id = ANY ($1)', [answered]);
    } catch (error) {
      this.recall();
      this.logger.debug(`answered requests stay: ${(error as Error).message}`);
    }
  }
}
