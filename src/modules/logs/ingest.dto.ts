import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { FlagFilter, PatternField } from '../../crud/fields.js';

/** Bodies of these routes come in formats of their own, and are read when it is known who sends them. */
export const INGEST_PATHS = ['/logs', '/internal/logs'] as const;

export const RECORDS_MAX = 1_000;

export const NODE_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/;
export const BATCH_ID_PATTERN = /^[A-Za-z0-9._:-]{1,128}$/;

export class IngestQueryDto {
  @FlagFilter({ description: 'Answer after the commit' })
  durable?: boolean;

  @PatternField(NODE_PATTERN, '1 to 64 letters, digits or . _ : -', {
    description: 'Of records that name none; batch ids are those of a node',
    example: 'balancer-1',
  })
  node?: string;

  @PatternField(BATCH_ID_PATTERN, '1 to 128 letters, digits or . _ : -', {
    description:
      'Takes a node. A batch that comes again under the same node and id within a day is not stored again; other records ' +
      'under them are refused',
  })
  batch_id?: string;
}

const id = { type: 'integer', minimum: 1, nullable: true } as const;
const tokens = { type: 'integer', minimum: 0, maximum: 1_000_000_000_000, default: 0 } as const;

/** What OpenAPI says of a record; what is checked stands in record-validator.ts. */
export class LogRecordDto {
  @ApiPropertyOptional({
    format: 'date-time',
    description: 'When it was answered: ISO 8601 with a zone, or unix seconds; absent: now',
    example: '2026-01-31T12:00:00.250Z',
  })
  at?: string;

  @ApiProperty({ minLength: 1, maxLength: 128, example: '0b5fd3c1f1f94b2d8f6f3a3c0f2a6c11' })
  request_id!: string;

  @ApiPropertyOptional({ ...id, example: 3 })
  master_id?: number;

  @ApiPropertyOptional({ ...id, example: 9 })
  key_id?: number;

  @ApiPropertyOptional({ ...id, description: 'Id of the API key', example: 42 })
  provider_id?: number;

  @ApiPropertyOptional({ ...id, example: 7 })
  group_id?: number;

  @ApiPropertyOptional({ maxLength: 128, example: 'default' })
  namespace?: string;

  @ApiPropertyOptional({ maxLength: 256, description: 'Public model', example: 'gpt-4o' })
  model?: string;

  @ApiPropertyOptional({ maxLength: 256, example: 'gpt-4o-2024-08-06' })
  upstream_model?: string;

  @ApiProperty({ type: 'integer', minimum: 100, maximum: 599, example: 200 })
  status_code!: number;

  @ApiPropertyOptional({ maxLength: 128, example: 'upstream_timeout' })
  error_code?: string;

  @ApiPropertyOptional({ description: 'Cut at 1 KB; what looks like a credential is masked', example: 'timed out' })
  error_message?: string;

  @ApiPropertyOptional({ minimum: 0, example: 840 })
  latency_ms?: number;

  @ApiPropertyOptional({ minimum: 0, description: 'Time to the first token', example: 120 })
  ttft_ms?: number;

  @ApiPropertyOptional({ ...tokens, example: 1200 })
  input_tokens?: number;

  @ApiPropertyOptional({ ...tokens, example: 300 })
  output_tokens?: number;

  @ApiPropertyOptional({ ...tokens, example: 0 })
  cached_tokens?: number;

  @ApiPropertyOptional({ minimum: 0, maximum: 1_000_000, description: 'Nine decimals count', example: 0.0042 })
  cost_usd?: number;

  @ApiPropertyOptional({ default: false, example: true })
  stream?: boolean;

  @ApiPropertyOptional({ example: '192.0.2.1' })
  client_ip?: string;

  @ApiPropertyOptional({ description: 'Cut at 512 bytes', example: 'openai-python/1.40' })
  user_agent?: string;

  @ApiPropertyOptional({ maxLength: 64, example: 'balancer-1' })
  node?: string;
}

export class LogBatchDto {
  @ApiPropertyOptional({ pattern: BATCH_ID_PATTERN.source, example: '1734464000-17' })
  batch_id?: string;

  @ApiPropertyOptional({ pattern: NODE_PATTERN.source, example: 'balancer-1' })
  node?: string;

  @ApiProperty({ type: [LogRecordDto], minItems: 1, maxItems: RECORDS_MAX })
  records!: LogRecordDto[];
}

class RecordFaultView {
  @ApiProperty({ description: 'JSON pointer into the record', example: '/status_code' })
  pointer!: string;

  @ApiProperty({ example: 'status_code must be a whole number from 100 to 599' })
  message!: string;
}

export class RejectedRecordView {
  @ApiProperty({ type: 'integer', description: 'Place in the batch, from 0', example: 3 })
  index!: number;

  @ApiProperty({ type: [RecordFaultView] })
  errors!: readonly RecordFaultView[];
}

export class IngestView {
  @ApiProperty({ type: 'integer', description: 'Records that were taken in; none of a duplicate' })
  accepted!: number;

  @ApiProperty({ type: [RejectedRecordView], example: [] })
  rejected!: RejectedRecordView[];

  @ApiPropertyOptional({ description: 'With `durable`: this batch had come before, and was not stored again' })
  duplicate?: boolean;
}
