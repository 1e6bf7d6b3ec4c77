import { Injectable } from '@nestjs/common';
import type pg from 'pg';
import type { LogRecord } from '../../log-database/log-record.js';
import { copyIn } from '../../log-database/copy-in.js';
import { COPY_DELTAS, deltasText } from './rollup-deltas.js';

/** The way into the roll-ups. */
@Injectable()
export class RollupsService {
  /**
   * Counts records, in the caller's transaction: the one that stores them. It only appends, so that no flush waits for another, and
   * statistics have the records as soon as it commits. A compaction sums the rows up later.
   */
  async add(client: pg.ClientBase, records: readonly LogRecord[]): Promise<void> {
    if (records.length === 0) return;
    await copyIn(client, COPY_DELTAS, deltasText(records));
  }
}
