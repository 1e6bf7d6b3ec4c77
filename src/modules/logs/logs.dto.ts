import { ApiPropertyOptional, OmitType } from '@nestjs/swagger';
import { IsOptional } from 'class-validator';
import { ChoiceField, IdFilter, InstantField, TextField } from '../../crud/fields.js';
import { QueryInt } from '../../http/parameters.js';
import type { LogFilters } from './log-walk.js';

/** What a tenant may ask of its own records. */
export class OwnLogFilterDto {
  @IdFilter()
  key_id?: number;

  @TextField(128, { example: 'default' })
  namespace?: string;

  @TextField(256, { description: 'Public model', example: 'gpt-4o' })
  model?: string;

  @ApiPropertyOptional({ type: 'integer', minimum: 100, maximum: 599 })
  @IsOptional()
  @QueryInt(100, 599)
  status?: number;

  @ChoiceField(['1xx', '2xx', '3xx', '4xx', '5xx'])
  status_class?: string;

  @TextField(128, { minLength: 1 })
  request_id?: string;

  @TextField(128, { minLength: 1, description: 'Error code, or part of the error message in whatever case' })
  error?: string;

  @InstantField()
  from?: string;

  @InstantField({ description: 'Exclusive' })
  to?: string;
}

export class LogFilterDto extends OwnLogFilterDto {
  @IdFilter()
  master_id?: number;

  @IdFilter()
  provider_id?: number;

  @IdFilter()
  group_id?: number;
}

const CURSOR = { description: '`next_cursor` of the page before, with the same filters' };

export class ListLogsDto extends LogFilterDto {
  @TextField(200, CURSOR)
  cursor?: string;

  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: 200, default: 50 })
  @IsOptional()
  @QueryInt(1, 200)
  limit?: number;
}

export class ListOwnLogsDto extends OmitType(ListLogsDto, ['master_id', 'provider_id', 'group_id']) {}

export class ExportLogsDto extends LogFilterDto {
  @ChoiceField(['ndjson', 'csv'], { description: '`ndjson` unless said otherwise' })
  format?: 'ndjson' | 'csv';
}

export class ExportOwnLogsDto extends OmitType(ExportLogsDto, ['master_id', 'provider_id', 'group_id']) {}

/** In a fixed order, for the signature of a cursor. */
export const filtersOf = (query: LogFilters, own?: { master_id: number }): LogFilters => ({
  master_id: own?.master_id ?? query.master_id,
  key_id: query.key_id,
  provider_id: query.provider_id,
  group_id: query.group_id,
  namespace: query.namespace,
  model: query.model,
  status: query.status,
  status_class: query.status_class,
  request_id: query.request_id,
  error: query.error,
  from: query.from,
  to: query.to,
});
