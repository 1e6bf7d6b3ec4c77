import { ApiProperty } from '@nestjs/swagger';
import { configVersion } from '../../contract/sync-records.js';
import { IdFilter, InstantField, PatternField, TextField } from '../../crud/fields.js';
import { ListQueryDto } from '../../crud/list-query.dto.js';
import type { OperationLog } from './operation-log.entity.js';

export class ListOperationLogsDto extends ListQueryDto {
  @TextField(64, { example: 'key' })
  resource?: string;

  @IdFilter()
  resource_id?: number;

  @TextField(64, {
    example: 'update',
    description: 'Like `search`, among the newest 500,000 entries, or those since `from`',
  })
  action?: string;

  @TextField(32, { example: 'admin' })
  actor_type?: string;

  @TextField(64)
  actor_id?: string;

  @TextField(64)
  request_id?: string;

  @PatternField(/^\d{1,19}$/, 'digits', { description: 'Configuration version that the change became' })
  config_version?: string;

  @InstantField()
  from?: string;

  @InstantField({ description: 'Exclusive' })
  to?: string;
}

export class OperationLogView {
  @ApiProperty({ type: 'integer', example: 17 })
  id!: number;

  @ApiProperty()
  at!: Date;

  @ApiProperty({ enum: ['admin', 'admin_token', 'master', 'internal', 'system'] })
  actor_type!: string;

  @ApiProperty({ example: 'admin' })
  actor_id!: string;

  @ApiProperty({ example: 'admin' })
  actor_name!: string;

  @ApiProperty({ description: 'Address the request came from; empty for the system itself', example: '192.0.2.1' })
  ip!: string;

  @ApiProperty({ example: '0b5fd3c1f1f94b2d8f6f3a3c0f2a6c11' })
  request_id!: string;

  @ApiProperty({ example: 'update' })
  action!: string;

  @ApiProperty({ example: 'key' })
  resource!: string;

  @ApiProperty({ type: 'integer', nullable: true, example: 9 })
  resource_id!: number | null;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    nullable: true,
    description: 'Without secrets',
    example: { name: 'ci', weight: 1 },
  })
  before!: object | null;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    nullable: true,
    description: 'Without secrets',
    example: { name: 'ci', weight: 2 },
  })
  after!: object | null;

  @ApiProperty({ example: '1.42', description: '`{gen}.{version}`, as the writer was answered in EZ-Config-Version' })
  config_version!: string;
}

export function toOperationLogView({ gen, config_version, ...row }: OperationLog): OperationLogView {
  return { ...row, config_version: configVersion(gen, config_version) };
}
