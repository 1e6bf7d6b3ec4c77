import { Injectable } from '@nestjs/common';
import type pg from 'pg';
import type { LogRecord } from '../../log-database/log-record.js';
import { DELTA_COLUMNS, deltaColumns } from './rollup-deltas.js';

const names = Object.keys(DELTA_COLUMNS).join(', ');
const arrays = Object.values(DELTA_COLUMNS).map((type, i) => `$${i + 1}::${type}[]`);

const APPEND = `INSERT INTO logs.rollup_deltas (${names}) SELECT * FROM unnest(${arrays.join(', ')})`;

/** The way into the roll-ups. */
@Injectable()
export class RollupsService {
  /**
   * Counts records, in the caller's transaction: the one that stores them. It only appends, so that no flush waits for another, and
   * statistics have the records as soon as it commits. A compaction sums the rows up later.
   */
  async add(client: pg.ClientBase, records: readonly LogRecord[]): Promise<void> {
    if (records.length === 0) return;
    await client.query(APPEND, deltaColumns(records));
  }
}
