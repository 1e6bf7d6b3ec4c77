import { ApiProperty, ApiPropertyOptional, PartialType } from '@nestjs/swagger';
import { NAMESPACE_PATTERN, orEmpty } from '../../contract/names.js';
import { batchOf } from '../../crud/batch.dto.js';
import { ChoiceField, IntegerField, ListField, MoneyField, NameField, PatternField } from '../../crud/fields.js';
import { ListQueryDto } from '../../crud/list-query.dto.js';
import { ResourceView, resourceView } from '../../crud/resource-view.js';
import type { Master, MasterStatus } from './master.entity.js';

const STATUSES = ['active', 'suspended'] as const satisfies readonly MasterStatus[];
const MOST_KEYS = 1_000_000;
const MOST_QPS = 1_000_000;

export class CreateMasterDto {
  @NameField({ required: true, example: 'acme' })
  name!: string;

  @NameField({ description: 'Route group of its keys, unless they name their own', example: 'default' })
  group?: string;

  @ListField(NAMESPACE_PATTERN, 'the name of a namespace', {
    description: 'What it may use; each must exist',
    example: ['default'],
  })
  namespaces?: string[];

  @PatternField(orEmpty(NAMESPACE_PATTERN), 'one of namespaces, or empty', {
    description: 'Namespace of model names that have none; one of `namespaces`',
    example: 'default',
  })
  default_namespace?: string;

  @IntegerField(0, MOST_KEYS, { description: 'Keys that are not revoked; 0 = no limit', example: 100 })
  max_child_keys?: number;

  @IntegerField(0, MOST_QPS, { description: 'Requests per second over all keys; 0 = no limit', example: 50 })
  global_qps?: number;

  @ChoiceField(STATUSES, { example: 'active' })
  status?: MasterStatus;

  @MoneyField({ description: 'USD', example: 25.5 })
  balance?: number;
}

export class UpdateMasterDto extends PartialType(CreateMasterDto) {}

export class BatchMastersDto extends batchOf('Master', CreateMasterDto, UpdateMasterDto, STATUSES) {}

export class ListMastersDto extends ListQueryDto {
  @ChoiceField(STATUSES)
  status?: MasterStatus;

  @NameField()
  group?: string;

  @PatternField(NAMESPACE_PATTERN, 'the name of a namespace', { description: 'Masters that may use it' })
  namespace?: string;
}

export const MASTER_ACTIONS = ['suspend', 'activate', 'rotate', 'bump_epoch'] as const;

export type MasterAction = (typeof MASTER_ACTIONS)[number];

export class ManageMasterDto {
  @ChoiceField(MASTER_ACTIONS, {
    required: true,
    example: 'suspend',
    description: '`rotate` gives it a new master key; that and `bump_epoch` raise the epoch, which ends its JWTs',
  })
  action!: MasterAction;
}

export class MasterView extends ResourceView {
  @ApiProperty({ example: 'acme' })
  name!: string;

  @ApiProperty({ example: 'default' })
  group!: string;

  @ApiProperty({ type: [String], example: ['default'] })
  namespaces!: string[];

  @ApiProperty({ example: 'default', description: 'Empty: none' })
  default_namespace!: string;

  @ApiProperty({ type: 'integer', example: 100 })
  max_child_keys!: number;

  @ApiProperty({ type: 'integer', example: 50 })
  global_qps!: number;

  @ApiProperty({ enum: STATUSES, example: 'active' })
  status!: MasterStatus;

  @ApiProperty({ type: 'integer', example: 1, description: 'Raised to end all its JWTs; its keys stay as they are' })
  epoch!: number;

  @ApiProperty({ example: 25.5, description: 'USD' })
  balance!: number;

  @ApiProperty({ example: 'ezm_…a1B2' })
  master_key_hint!: string;
}

export class IssuedMasterView extends MasterView {
  @ApiPropertyOptional({
    example: 'ezm_0123456789abcdefghijklmnopqrstuvwxyzABCDa1B2',
    description: 'Shown here and never again; present when it was just made',
  })
  master_key?: string;
}

export function toMasterView(row: Master): MasterView {
  return {
    ...resourceView(row),
    name: row.name,
    group: row.group,
    namespaces: row.namespaces,
    default_namespace: row.default_namespace,
    max_child_keys: row.max_child_keys,
    global_qps: row.global_qps,
    status: row.status,
    epoch: row.epoch,
    balance: row.balance,
    master_key_hint: row.master_key_hint,
  };
}

export const toIssuedMasterView = (row: Master): IssuedMasterView => ({
  ...toMasterView(row),
  master_key: row.master_key,
});
