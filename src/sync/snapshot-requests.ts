import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { MarkerWatch } from './marker-watch.js';
import { SyncDatabase } from './sync-database.js';

/** Channel on which the dispatching replica hears of requests; payload: an id. */
export const SNAPSHOT_CHANNEL = 'ez_snapshot';

/** Requests for a full snapshot, made in any replica and answered by the one that dispatches. */
@Injectable()
export class SnapshotRequests {
  private readonly heard = new Set<string>();

  constructor(
    private readonly database: SyncDatabase,
    private readonly watch: MarkerWatch,
  ) {}

  async request(): Promise<string> {
    const id = randomUUID();
    await this.database.query('SELECT pg_notify($1, $2)', [SNAPSHOT_CHANNEL, id]);
    return id;
  }

  /** @returns whether a snapshot that began after the request is in Redis */
  waitFor(id: string, timeoutMs: number): Promise<boolean> {
    return this.watch.until(({ snapshot }) => snapshot.split(',').includes(id), timeoutMs);
  }

  hear(id: string): void {
    this.heard.add(id);
  }

  get open(): readonly string[] {
    return [...this.heard];
  }

  /** Every replica hears the same requests in the same order, so an answer answers all before it too. */
  settle(answered: string): void {
    const ids = new Set(answered.split(','));
    const last = this.open.findLastIndex((id) => ids.has(id));
    for (const id of this.open.slice(0, last + 1)) this.heard.delete(id);
  }
}
