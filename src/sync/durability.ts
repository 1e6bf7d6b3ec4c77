import { Injectable } from '@nestjs/common';
import { FLUSH } from '../database/durable.js';
import type { Receipt } from '../common/request-context.js';
import { CommitSignal } from '../outbox/commit-signal.js';
import { SyncDatabase, type Sql } from './sync-database.js';
import { isNewer } from './versions.js';

/**
 * A commit can be read before it is on the disk. Redis must not show what a crash of PostgreSQL could still take back, so
 * whoever has read something waits here before he shows it, and reads on meanwhile.
 */
@Injectable()
export class Durability {
  /** No crash takes back anything up to this version of this generation; another may give the same versions anew. */
  private safe: Receipt = { gen: '0', version: '0' };
  private readonly awaited = new Set<Acknowledgement>();

  constructor(
    private readonly database: SyncDatabase,
    signal: CommitSignal,
  ) {
    signal.onCommit((receipt) => this.reached(receipt));
  }

  /**
   * Begins at once to make safe what `moment`, an open transaction, has read at `head`.
   * @returns to be called before the first of it is shown
   */
  cover(head: Receipt, moment: Sql): () => Promise<void> {
    const covered = this.until(head);
    covered.catch(() => undefined); // Thrown where it is waited for, unless the reading fails first.
    return async () => {
      await covered;
      // A server that crashed since then has made another history safe, and has ended this transaction.
      await moment.query('SELECT 1');
    };
  }

  private async until(head: Receipt): Promise<void> {
    if (reaches(this.safe, head)) return;
    const acknowledged = new Acknowledgement(head);
    this.awaited.add(acknowledged);
    try {
      // Mostly its writer is in this process, and has waited longer already.
      await Promise.race([acknowledged.arrived, this.flush(head)]);
    } finally {
      this.awaited.delete(acknowledged);
    }
  }

  private async flush(head: Receipt): Promise<void> {
    await this.database.query(`SELECT ${FLUSH}`);
    this.reached(head);
  }

  private reached(point: Receipt): void {
    if (isNewer(point.gen, this.safe.gen) || reaches(point, this.safe)) this.safe = point;
    for (const acknowledgement of this.awaited) acknowledgement.hear(point);
  }
}

class Acknowledgement {
  private arrive: () => void = () => undefined;
  readonly arrived = new Promise<void>((resolve) => (this.arrive = resolve));

  constructor(private readonly head: Receipt) {}

  hear(point: Receipt): void {
    if (reaches(point, this.head)) this.arrive();
  }
}

/** Whether it is that moment of the same history, or a later one. */
const reaches = (point: Receipt, other: Receipt): boolean =>
  point.gen === other.gen && !isNewer(other.version, point.version);
