import { Injectable } from '@nestjs/common';
import type pg from 'pg';
import { LogDatabase } from '../../log-database/log-database.js';
import { inTransaction } from '../../log-database/transaction.js';
import { completeSeries, type Group, groupsOf, restOf, type Series } from './series.js';
import { type Reading, readingOf } from './slices.js';
import { DIMENSION_OF, type Question, questionOf } from './stats-question.js';
import { rankStatement, type Statement, type SumRow, sumStatement } from './stats-sql.js';
import { TenantTurnstile } from './tenant-turnstile.js';
import type { OwnStatsQueryDto, StatsQueryDto } from './stats.dto.js';

export interface Stats {
  question: Question;
  reading: Reading;
  all: Series;
  groups: Group[];
  /** What the groups leave of all; absent without groups. */
  rest: Series | undefined;
}

/** Answers from roll-ups alone: how many records there are makes no difference. */
@Injectable()
export class StatsService {
  private readonly tenants = new TenantTurnstile();

  constructor(private readonly database: LogDatabase) {}

  read(query: StatsQueryDto): Promise<Stats> {
    return this.answer(questionOf(query, Date.now()));
  }

  /** Of one tenant: whatever is asked for, its id is in every statement. */
  readOwn(masterId: number, query: OwnStatsQueryDto): Promise<Stats> {
    return this.tenants.pass(masterId, () => this.read({ ...query, master_id: masterId }));
  }

  /** In one snapshot, or groups and the rest of them might not add up to the whole. */
  private async answer(question: Question): Promise<Stats> {
    const { edges, interval, filter } = question;
    const reading = readingOf(edges, interval, Date.now());
    return inTransaction(this.database.reads, 'read', async (client) => {
      const rows = await query<SumRow>(
        client,
        sumStatement({ slices: reading.slices, filter, groupBy: undefined }, edges),
      );
      const all = completeSeries(rows, edges);
      const groups = await this.groups(client, question, reading);
      return { question, reading, all, groups, rest: question.groupBy ? restOf(all, groups) : undefined };
    });
  }

  /** First who is in the list, from as few rows as the whole range needs, and then only their series. */
  private async groups(client: pg.ClientBase, question: Question, reading: Reading): Promise<Group[]> {
    if (!question.groupBy) return [];
    const { edges, filter } = question;
    const dimension = DIMENSION_OF[question.groupBy];
    const whole = readingOf([edges[0]!, edges.at(-1)!], 'day', Date.now());
    const ranking = rankStatement({ slices: whole.slices, filter, groupBy: dimension }, question.top);
    const values = (await query<{ value: string }>(client, ranking)).map(({ value }) => value);
    const isBusiest = { ...filter, [dimension]: values };
    const rows = await query<SumRow>(
      client,
      sumStatement({ slices: reading.slices, filter: isBusiest, groupBy: dimension }, edges),
    );
    return groupsOf(rows, values, edges);
  }
}

const query = async <T extends pg.QueryResultRow>(client: pg.ClientBase, { text, values }: Statement): Promise<T[]> =>
  (await client.query<T>(text, values)).rows;
