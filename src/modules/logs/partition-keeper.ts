import { Injectable, Logger } from '@nestjs/common';
import type pg from 'pg';
import { Config } from '../../config/config.js';
import { LogDatabase } from '../../log-database/log-database.js';
import type { LogRecord } from '../../log-database/log-record.js';
import { contains, missingAhead, missingRange, type Range } from '../../log-database/partition-range.js';
import { inTransaction } from '../../log-database/transaction.js';
import { addPartition, LAYOUT_LOCK, type Partition, readPartitions } from '../../log-database/partitions.js';

/** Partitions of today and of the time to come that are made before anything needs them. */
const AHEAD = 8;

/** Sees to it that each record finds its partition: made ahead as a rule, made on demand for those that come late or early. */
@Injectable()
export class PartitionKeeper {
  private known: Range[] = [];
  private readonly logger = new Logger(PartitionKeeper.name);

  constructor(
    private readonly config: Config,
    private readonly database: LogDatabase,
  ) {}

  async makeAhead(): Promise<void> {
    const { partitioning } = this.config.log;
    await this.add((taken) => missingAhead(Date.now(), AHEAD, taken, partitioning));
  }

  /** Before records are written. It costs nothing as long as they belong to partitions that are known. */
  async ensureFor(records: readonly LogRecord[]): Promise<void> {
    const strays = this.strays(records);
    if (strays.length === 0) return;
    const { partitioning } = this.config.log;
    await this.add((taken) => {
      const added: Range[] = [];
      for (const at of strays) {
        const missing = missingRange(at, [...taken, ...added], partitioning);
        if (missing) added.push(missing);
      }
      return added;
    });
  }

  /** Somebody has changed the layout. */
  forget(): void {
    this.known = [];
  }

  private strays(records: readonly LogRecord[]): number[] {
    let last = this.known[0];
    return records
      .map(({ at }) => at.getTime())
      .filter((at) => {
        if (last && contains(last, at)) return false;
        last = this.known.find((range) => contains(range, at));
        return !last;
      });
  }

  /** Most often all are there already: then nobody waits for who changes the layout, which may take minutes. */
  private async add(missingOf: MissingOf): Promise<void> {
    const taken = await readPartitions(this.database.writes);
    if (missingOf(taken).length === 0) this.remember(taken);
    else await inTransaction(this.database.writes, 'write', (client) => this.addAlone(client, missingOf));
  }

  private async addAlone(client: pg.ClientBase, missingOf: MissingOf): Promise<void> {
    await client.query(`SET LOCAL lock_timeout = '2s'`);
    await client.query('SELECT pg_advisory_xact_lock($1)', [LAYOUT_LOCK]);
    const taken = await readPartitions(client);
    const added = missingOf(taken);
    for (const range of added) {
      await addPartition(client, range);
      this.logger.log(`made a partition: ${JSON.stringify(describe(range))}`);
    }
    this.remember(taken, added);
  }

  /** What is about to leave still takes its place, but no record. */
  private remember(taken: Partition[], added: Range[] = []): void {
    this.known = [...taken.filter(({ isLeaving }) => !isLeaving), ...added];
  }
}

type MissingOf = (taken: Range[]) => Range[];

const describe = ({ from, to }: Range): object => ({ from: iso(from), to: iso(to) });

const iso = (at: number): string => (Number.isFinite(at) ? new Date(at).toISOString() : 'open');
