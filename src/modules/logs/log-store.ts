import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import type pg from 'pg';
import { copyIn } from '../../log-database/copy-in.js';
import { LogDatabase } from '../../log-database/log-database.js';
import type { LogRecord } from '../../log-database/log-record.js';
import { inTransaction } from '../../log-database/transaction.js';
import { COPY_RECORDS, recordsText } from '../../log-database/record-text.js';
import { RollupsService } from '../stats/rollups.service.js';
import { claimBatches } from './batch-claims.js';
import type { LogBatch } from './log-batch.js';
import { isBlocked, isConflict, isPoison } from './log-faults.js';
import { PartitionKeeper } from './partition-keeper.js';

/** Batches of one transaction. It keeps its id when it is tried again, so that a commit whose answer was lost is not repeated. */
export class Flush {
  readonly id = randomUUID();

  constructor(public batches: LogBatch[]) {}
}

const TRIES = 3;
const PAUSE_MS = 100;

/** Writes batches: who came before is recognised, the others' records and roll-ups are committed together. */
@Injectable()
export class LogStore {
  private readonly logger = new Logger(LogStore.name);

  constructor(
    private readonly database: LogDatabase,
    private readonly partitions: PartitionKeeper,
    private readonly rollups: RollupsService,
  ) {}

  async write(flush: Flush): Promise<void> {
    try {
      await this.attempt(flush, this.insert);
    } catch (error) {
      if (!isPoison(error)) throw error;
      await this.attempt(flush, this.insertWhatGoes);
    }
  }

  private async attempt(flush: Flush, insert: Insert, triesLeft = TRIES): Promise<void> {
    try {
      await this.partitions.ensureFor(flush.batches.flatMap(({ records }) => records));
      await inTransaction(this.database.writes, 'write', (client) => this.writeFresh(client, flush, insert));
    } catch (error) {
      if (!isConflict(error) || triesLeft === 1) throw error;
      this.partitions.forget();
      if (isBlocked(error)) await sleep(PAUSE_MS);
      await this.attempt(flush, insert, triesLeft - 1);
    }
  }

  private async writeFresh(client: pg.ClientBase, flush: Flush, insert: Insert): Promise<void> {
    const fresh = await claimBatches(client, flush);
    const records = fresh.flatMap((batch) => batch.records);
    if (records.length > 0) await insert(client, records, fresh);
  }

  private readonly insert: Insert = async (client, records) => {
    await copyIn(client, COPY_RECORDS, recordsText(records));
    await this.rollups.add(client, records);
  };

  /** Narrows down, by halves, to the records that can't be stored, and leaves them out. */
  private readonly insertWhatGoes: Insert = async (client, records, batches) => {
    await client.query('SAVEPOINT part');
    try {
      await this.insert(client, records, batches);
      await client.query('RELEASE SAVEPOINT part');
    } catch (error) {
      if (!isPoison(error)) throw error;
      await client.query('ROLLBACK TO SAVEPOINT part; RELEASE SAVEPOINT part');
      if (records.length === 1) return this.drop(records[0]!, batches, error as Error);
      const middle = Math.ceil(records.length / 2);
      await this.insertWhatGoes(client, records.slice(0, middle), batches);
      await this.insertWhatGoes(client, records.slice(middle), batches);
    }
  };

  private drop(record: LogRecord, batches: readonly LogBatch[], error: Error): void {
    batches.find(({ records }) => records.includes(record))?.dropped.add(record);
    this.logger.error(`dropped a record that cannot be stored, request ${record.request_id}: ${error.message}`);
  }
}

type Insert = (client: pg.ClientBase, records: readonly LogRecord[], batches: readonly LogBatch[]) => Promise<void>;
