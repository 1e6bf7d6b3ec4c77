import { Injectable } from '@nestjs/common';
import { FLUSH } from '../database/durable.js';
import { CommitSignal } from '../outbox/commit-signal.js';
import { SyncDatabase, type Sql } from './sync-database.js';
import { isNewer, newest } from './versions.js';

/**
 * A commit can be read before it is on the disk. Redis must not show what a crash of PostgreSQL could still take back, so
 * whoever has read something waits here before he shows it, and reads on meanwhile.
 */
@Injectable()
export class Durability {
  /** No crash takes back anything up to this version. */
  private safe = '0';
  private readonly awaited = new Set<Acknowledgement>();

  constructor(
    private readonly database: SyncDatabase,
    signal: CommitSignal,
  ) {
    signal.onCommit(({ version }) => this.reached(version));
  }

  /**
   * Begins at once to make safe what `moment`, an open transaction, has read at `version`.
   * @returns to be called before the first of it is shown
   */
  cover(version: string, moment: Sql): () => Promise<void> {
    const covered = this.until(version);
    covered.catch(() => undefined); // Thrown where it is waited for, unless the reading fails first.
    return async () => {
      await covered;
      // A server that crashed since then has made another history safe, and has ended this transaction.
      await moment.query('SELECT 1');
    };
  }

  private async until(version: string): Promise<void> {
    if (!isNewer(version, this.safe)) return;
    const acknowledged = new Acknowledgement(version);
    this.awaited.add(acknowledged);
    try {
      // Mostly its writer is in this process, and has waited longer already.
      await Promise.race([acknowledged.arrived, this.flush(version)]);
    } finally {
      this.awaited.delete(acknowledged);
    }
  }

  private async flush(version: string): Promise<void> {
    await this.database.query(`SELECT ${FLUSH}`);
    this.reached(version);
  }

  private reached(version: string): void {
    this.safe = newest(this.safe, version);
    for (const acknowledgement of this.awaited) acknowledgement.hear(version);
  }
}

class Acknowledgement {
  private arrive: () => void = () => undefined;
  readonly arrived = new Promise<void>((resolve) => (this.arrive = resolve));

  constructor(private readonly version: string) {}

  hear(version: string): void {
    if (!isNewer(this.version, version)) this.arrive();
  }
}
