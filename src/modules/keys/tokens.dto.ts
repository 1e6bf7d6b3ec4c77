import { OmitType, PartialType } from '@nestjs/swagger';
import { NAME_PATTERN, NAMESPACE_PATTERN, orEmpty } from '../../contract/names.js';
import { batchOf } from '../../crud/batch.dto.js';
import {
  ChoiceField,
  FlagField,
  FlagFilter,
  InstantField,
  IntegerField,
  ListField,
  NameField,
  NamespaceField,
  PatternField,
} from '../../crud/fields.js';
import { ListQueryDto } from '../../crud/list-query.dto.js';
import { IpRangesField, TimeZoneField } from './key-fields.js';
import type { KeyStatus, QuotaResetType } from './key.entity.js';
import { KEY_STATUSES, RESET_TYPES } from './key.view.js';

const LONGEST_OVERLAP_SECONDS = 30 * 24 * 3600;

/** What a tenant decides of a key. Money, usage, weight and route group are the operator's. */
export class CreateTokenDto {
  @NameField({ required: true, example: 'ci' })
  name!: string;

  @ChoiceField(['active', 'suspended'], { example: 'active' })
  status?: KeyStatus;

  @ListField(/^[A-Za-z0-9._:*/-]{1,64}$/, '1 to 64 letters, digits or . _ : * / -', { example: ['chat:*'] })
  scopes?: string[];

  @ListField(NAMESPACE_PATTERN, 'the name of a namespace', {
    description: 'Some of the master’s; empty = all of them',
    example: ['default'],
  })
  namespaces?: string[];

  @PatternField(orEmpty(NAMESPACE_PATTERN), 'one of namespaces, or empty', {
    description: 'Namespace of model names that have none; empty = the master’s',
    example: 'default',
  })
  default_namespace?: string;

  @FlagField({ description: 'Whether `model_limits` is in force', example: true })
  model_limits_enabled?: boolean;

  @ListField(NAME_PATTERN, 'the name of a model', {
    description: 'The only models that the key may call',
    example: ['gpt-4o'],
  })
  model_limits?: string[];

  @IpRangesField('The only addresses that may use the key; empty = all')
  allow_ips?: string[];

  @IpRangesField('Addresses that may not, even if allowed otherwise')
  deny_ips?: string[];

  @InstantField({ example: '2030-01-31T12:00:00Z' })
  expires_at?: string;

  @IntegerField(0, Number.MAX_SAFE_INTEGER, {
    description: 'Quota units in one period; absent = no limit',
    example: 1000000,
  })
  quota_limit?: number;

  @ChoiceField(RESET_TYPES, { description: 'How long a quota period is; weeks begin on Monday', example: 'monthly' })
  quota_reset_type?: QuotaResetType;

  @TimeZoneField('Where quota periods begin at midnight')
  quota_timezone?: string;
}

export class UpdateTokenDto extends PartialType(OmitType(CreateTokenDto, ['status'])) {
  @ChoiceField(KEY_STATUSES, { description: '`revoked` is final', example: 'suspended' })
  status?: KeyStatus;
}

export class BatchTokensDto extends batchOf('Token', CreateTokenDto, UpdateTokenDto, KEY_STATUSES) {}

export class RotateKeyDto {
  @IntegerField(0, LONGEST_OVERLAP_SECONDS, {
    description: 'How long the present secrets stay valid; default 0',
    example: 3600,
  })
  overlap_seconds?: number;
}

export class ListTokensDto extends ListQueryDto {
  @ChoiceField(KEY_STATUSES)
  status?: KeyStatus;

  @NamespaceField({ description: 'Keys that may use it' })
  namespace?: string;

  @FlagFilter()
  expired?: boolean;

  @FlagFilter()
  exhausted?: boolean;
}
