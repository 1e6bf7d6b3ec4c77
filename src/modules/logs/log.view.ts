import { ApiProperty, OmitType } from '@nestjs/swagger';
import type { LogPage } from './log-search.service.js';

/** As the database answers it: numbers beyond 32 bits are text. */
export interface LogRow {
  id: string;
  at: Date;
  request_id: string;
  master_id: string | null;
  key_id: string | null;
  provider_id: string | null;
  group_id: string | null;
  namespace: string | null;
  model: string | null;
  upstream_model: string | null;
  status_code: number;
  error_code: string | null;
  error_message: string | null;
  latency_ms: number | null;
  ttft_ms: number | null;
  input_tokens: string;
  output_tokens: string;
  cached_tokens: string;
  cost_usd: string;
  stream: boolean;
  client_ip: string | null;
  user_agent: string | null;
  node: string | null;
  extra: object | null;
}

const ID = { type: 'integer', nullable: true } as const;
const TEXT = { type: String, nullable: true } as const;
const NUMBER = { type: 'integer', nullable: true } as const;

/** What a tenant sees of a request: nothing of who served it upstream. */
export class OwnLogView {
  @ApiProperty({ type: 'integer', example: 17 })
  id!: number;

  @ApiProperty()
  at!: Date;

  @ApiProperty({ example: '0b5fd3c1f1f94b2d8f6f3a3c0f2a6c11' })
  request_id!: string;

  @ApiProperty({ ...ID, example: 3 })
  master_id!: number | null;

  @ApiProperty({ ...ID, example: 9 })
  key_id!: number | null;

  @ApiProperty({ ...TEXT, example: 'default' })
  namespace!: string | null;

  @ApiProperty({ ...TEXT, description: 'Public model', example: 'gpt-4o' })
  model!: string | null;

  @ApiProperty({ type: 'integer', example: 200 })
  status_code!: number;

  @ApiProperty({ ...TEXT, example: null })
  error_code!: string | null;

  @ApiProperty({ ...TEXT, example: null })
  error_message!: string | null;

  @ApiProperty({ ...NUMBER, example: 840 })
  latency_ms!: number | null;

  @ApiProperty({ ...NUMBER, description: 'Time to the first token', example: 120 })
  ttft_ms!: number | null;

  @ApiProperty({ type: 'integer', example: 1200 })
  input_tokens!: number;

  @ApiProperty({ type: 'integer', example: 300 })
  output_tokens!: number;

  @ApiProperty({ type: 'integer', example: 0 })
  cached_tokens!: number;

  @ApiProperty({ example: 0.0042 })
  cost_usd!: number;

  @ApiProperty()
  stream!: boolean;

  @ApiProperty({ ...TEXT, example: '192.0.2.1' })
  client_ip!: string | null;

  @ApiProperty({ ...TEXT, example: 'openai-python/1.40' })
  user_agent!: string | null;
}

export class LogView extends OwnLogView {
  @ApiProperty({ ...ID, description: 'Id of the API key', example: 42 })
  provider_id!: number | null;

  @ApiProperty({ ...ID, example: 7 })
  group_id!: number | null;

  @ApiProperty({ ...TEXT, example: 'gpt-4o-2024-08-06' })
  upstream_model!: string | null;

  @ApiProperty({ ...TEXT, example: 'balancer-1' })
  node!: string | null;

  @ApiProperty({ type: 'object', additionalProperties: true, nullable: true, example: null })
  extra!: object | null;
}

const idOf = (text: string | null): number | null => (text === null ? null : Number(text));

export const toOwnLogView = (row: LogRow): OwnLogView => ({
  id: Number(row.id),
  at: row.at,
  request_id: row.request_id,
  master_id: idOf(row.master_id),
  key_id: idOf(row.key_id),
  namespace: row.namespace,
  model: row.model,
  status_code: row.status_code,
  error_code: row.error_code,
  error_message: row.error_message,
  latency_ms: row.latency_ms,
  ttft_ms: row.ttft_ms,
  input_tokens: Number(row.input_tokens),
  output_tokens: Number(row.output_tokens),
  cached_tokens: Number(row.cached_tokens),
  cost_usd: Number(row.cost_usd),
  stream: row.stream,
  client_ip: row.client_ip,
  user_agent: row.user_agent,
});

export const toLogView = (row: LogRow): LogView => ({
  ...toOwnLogView(row),
  provider_id: idOf(row.provider_id),
  group_id: idOf(row.group_id),
  upstream_model: row.upstream_model,
  node: row.node,
  extra: row.extra,
});

const NEXT = { type: String, nullable: true, description: 'Goes on behind the last one; null: there are no more' };
const BACK_TO = {
  type: String,
  format: 'date-time',
  nullable: true,
  description:
    'Where few records fit, a page may end early, even empty: so far back was looked. Null: it is full, or the last',
};

export class LogsPage {
  @ApiProperty({ type: [LogView] })
  data!: LogView[];

  @ApiProperty({ ...NEXT, example: null })
  next_cursor!: string | null;

  @ApiProperty({ ...BACK_TO, example: null })
  searched_back_to!: Date | null;
}

export class OwnLogsPage extends OmitType(LogsPage, ['data']) {
  @ApiProperty({ type: [OwnLogView] })
  data!: OwnLogView[];
}

export const pageOfLogs = <V>({ rows, next_cursor, searchedBackTo }: LogPage, toView: (row: LogRow) => V) => ({
  data: rows.map(toView),
  next_cursor,
  searched_back_to: searchedBackTo,
});
