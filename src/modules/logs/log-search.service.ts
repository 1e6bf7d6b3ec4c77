import { Injectable } from '@nestjs/common';
import { LogDatabase } from '../../log-database/log-database.js';
import { LogCursor, type Position } from './log-cursor.js';
import type { LogRow } from './log.view.js';
import { type LogFilters, type Statement, walkStep } from './log-walk.js';

export interface FoundPage {
  rows: LogRow[];
  next: Position | undefined;
  /** The page is not full: so far back has been looked. */
  searchedBackTo: Date | null;
}

export interface LogPage extends Omit<FoundPage, 'next'> {
  next_cursor: string | null;
}

const FIRST_BUDGET = 2_000;
const LARGEST_BUDGET = 4_000;
/** Then the caller gets what was found, and may go on. */
const PATIENCE_MS = 50;
const FUTURE_MS = 86_400_000;

/** Finds records, newest first, in steps of bounded work. */
@Injectable()
export class LogSearch {
  constructor(
    private readonly database: LogDatabase,
    private readonly cursors: LogCursor,
  ) {}

  async page(filters: LogFilters, limit: number, cursor?: string): Promise<LogPage> {
    const after = cursor === undefined ? undefined : this.cursors.read(cursor, filters);
    const { next, ...found } = await this.find(filters, limit, after);
    return { ...found, next_cursor: next ? this.cursors.write(next, filters) : null };
  }

  /** Up to `limit` records behind `after`; fewer if it took long to find them. */
  async find(filters: LogFilters, limit: number, after = newest(filters)): Promise<FoundPage> {
    const startedAt = performance.now();
    const rows: LogRow[] = [];
    let position = after;
    for (let budget = FIRST_BUDGET; ; budget = Math.min(4 * budget, LARGEST_BUDGET)) {
      const step = await this.run(walkStep(filters, { after: position, budget, wanted: limit - rows.length + 1 }));
      rows.push(...step.filter(({ hit }) => hit));
      const last = step.find(({ n }) => Number(n) === budget);
      if (rows.length > limit) {
        return { rows: rows.slice(0, limit), next: positionOf(rows[limit - 1]!), searchedBackTo: null };
      }
      if (!last) return { rows, next: undefined, searchedBackTo: null };
      position = positionOf(last);
      if (performance.now() - startedAt > PATIENCE_MS) return { rows, next: position, searchedBackTo: last.at };
    }
  }

  private async run(statement: Statement): Promise<SeenRow[]> {
    return (await this.database.searches.query<SeenRow>(statement)).rows;
  }
}

interface SeenRow extends LogRow {
  /** How many were looked at up to this one. */
  n: string;
  hit: boolean | null;
}

const positionOf = ({ at, id }: LogRow): Position => ({ at: at.getTime(), id });

const newest = ({ to }: LogFilters): Position => ({
  at: to === undefined ? Date.now() + FUTURE_MS : Date.parse(to),
  id: '0',
});
