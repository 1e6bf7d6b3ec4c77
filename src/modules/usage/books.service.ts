import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { notFound } from '../../common/domain-error.js';
import type { Page } from '../../common/page.js';
import type { PageQueryDto } from '../../crud/list-query.dto.js';
import { OPEN_PERIOD } from '../keys/key.entity.js';
import type {
  ApiKeyUsageView,
  LedgerLinesView,
  LedgerLineView,
  ListLedgerDto,
  MasterUsageView,
  QuotaPeriodView,
} from './books.dto.js';

/** PostgreSQL hands these over as text; they are far below 2^53. */
type Row = Record<string, string | Date | null>;

const NOTHING = { requests: 0, input_tokens: 0, output_tokens: 0, cost_usd: 0, unpaid_usd: 0, last_accessed_at: null };

/** What was counted, to be looked at. */
@Injectable()
export class UsageBooks {
  constructor(private readonly database: DataSource) {}

  /** Newest first. `masterId`: only if the key is that master's. */
  async periods(
    keyId: number,
    { page = 1, page_size = 20 }: PageQueryDto,
    masterId?: number,
  ): Promise<Page<QuotaPeriodView>> {
    await this.assertKey(keyId, masterId);
    const rows = await this.database.query<Row[]>(
      `SELECT p.period, p.period_start, p.closed_at, p.quota_limit, p.requests, p.input_tokens, p.output_tokens, p.cost_usd, p.unpaid_usd,
              p.used + CASE WHEN p.period_start = ${OPEN_PERIOD} THEN k.quota_adjusted ELSE p.adjusted END AS used,
              count(*) OVER () AS total
         FROM usage.periods p JOIN keys k ON k.id = p.key_id
        WHERE p.key_id = $1 ORDER BY p.period_start DESC OFFSET $2 LIMIT $3`,
      [keyId, (page - 1) * page_size, page_size],
    );
    const total = Number(rows[0]?.total ?? 0);
    return { data: rows.map(toPeriodView), total, page, page_size };
  }

  async ledger({ key_id, master_id, cursor, limit = 100 }: ListLedgerDto): Promise<LedgerLinesView> {
    const rows = await this.database.query<Row[]>(
      `SELECT * FROM usage.ledger
        WHERE ($1::bigint IS NULL OR key_id = $1) AND ($2::bigint IS NULL OR master_id = $2) AND ($3::bigint IS NULL OR id < $3)
        ORDER BY id DESC LIMIT $4`,
      [key_id, master_id, cursor, limit + 1],
    );
    const data = rows.slice(0, limit).map(toLineView);
    return { data, next_cursor: rows.length > limit ? String(data.at(-1)!.id) : null };
  }

  async ofMaster(id: number): Promise<MasterUsageView> {
    const [found] = await this.database.query<unknown[]>('SELECT FROM masters WHERE id = $1', [id]);
    if (!found) throw notFound('master');
    const [row] = await this.database.query<Row[]>('SELECT * FROM usage.masters WHERE master_id = $1', [id]);
    return row ? { ...measures(row), last_accessed_at: row.last_accessed_at as Date | null } : NOTHING;
  }

  async ofApiKey(id: number): Promise<ApiKeyUsageView> {
    const [found] = await this.database.query<unknown[]>('SELECT FROM api_keys WHERE id = $1', [id]);
    if (!found) throw notFound('API key');
    const [row] = await this.database.query<Row[]>('SELECT * FROM usage.api_keys WHERE api_key_id = $1', [id]);
    return { requests: Number(row?.requests ?? 0), errors: Number(row?.errors ?? 0) };
  }

  private async assertKey(id: number, masterId: number | undefined): Promise<void> {
    const [found] = await this.database.query<unknown[]>(
      'SELECT FROM keys WHERE id = $1 AND ($2::bigint IS NULL OR master_id = $2)',
      [id, masterId],
    );
    if (!found) throw notFound('key');
  }
}

const measures = (row: Row) => ({
  requests: Number(row.requests),
  input_tokens: Number(row.input_tokens),
  output_tokens: Number(row.output_tokens),
  cost_usd: Number(row.cost_usd),
  unpaid_usd: Number(row.unpaid_usd),
});

const toPeriodView = (row: Row): QuotaPeriodView => ({
  period: row.period as string,
  period_start: row.period_start as Date,
  closed_at: row.closed_at as Date | null,
  quota_limit: row.quota_limit === null ? null : Number(row.quota_limit),
  used: Number(row.used),
  ...measures(row),
});

const toLineView = (row: Row): LedgerLineView => ({
  id: Number(row.id),
  at: row.at as Date,
  node: row.node as string,
  batch_id: row.batch_id as string,
  key_id: Number(row.key_id),
  master_id: Number(row.master_id),
  period_start: row.period_start as Date,
  quota_units: Number(row.quota_units),
  ...measures(row),
});
