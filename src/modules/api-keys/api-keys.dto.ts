import { ApiProperty, PartialType } from '@nestjs/swagger';
import { batchOf } from '../../crud/batch.dto.js';
import {
  ChoiceField,
  FlagField,
  FlagFilter,
  IdField,
  IdFilter,
  InstantField,
  IntegerField,
  NameField,
  TextField,
} from '../../crud/fields.js';
import { ListQueryDto } from '../../crud/list-query.dto.js';
import { ResourceView, resourceView } from '../../crud/resource-view.js';
import type { ApiKey, ApiKeyStatus } from './api-key.entity.js';

const STATUSES = ['active', 'manual_disabled', 'auto_disabled'] as const satisfies readonly ApiKeyStatus[];

export class CreateApiKeyDto {
  @IdField({ required: true, example: 1 })
  provider_group_id!: number;

  @NameField({ example: 'account-1', description: 'Given one if absent' })
  name?: string;

  @TextField(16_384, {
    required: true,
    minLength: 1,
    example: 'sk-proj-0123456789',
    description: 'Kept encrypted and never shown again. May have several lines, as a service account in JSON has',
  })
  secret!: string;

  @IntegerField(0, 1_000_000, { example: 1, description: 'Share of the load among the API keys of the group' })
  weight?: number;

  @ChoiceField(STATUSES, { description: 'Any status but auto_disabled ends a ban' })
  status?: ApiKeyStatus;

  @FlagField({ description: 'Whether balancers may report it banned by themselves' })
  auto_ban?: boolean;

  @InstantField({ description: 'From then on it is auto_disabled, for the reason `expired`' })
  expires_at?: string;
}

export class UpdateApiKeyDto extends PartialType(CreateApiKeyDto) {}

export class BatchApiKeysDto extends batchOf('ApiKey', CreateApiKeyDto, UpdateApiKeyDto, STATUSES) {}

export class ListApiKeysDto extends ListQueryDto {
  @IdFilter()
  provider_group_id?: number;

  @ChoiceField(STATUSES)
  status?: ApiKeyStatus;

  @FlagFilter({ description: 'Whether a ban is what disables it, and not its expiry' })
  banned?: boolean;
}

export class BanApiKeyDto {
  @TextField(500, { required: true, minLength: 1, example: 'upstream answered 401' })
  reason!: string;

  @InstantField({ description: 'In the future; absent: until it is lifted' })
  until?: string;
}

export class ApiKeyView extends ResourceView {
  @ApiProperty({ type: 'integer', example: 1 })
  provider_group_id!: number;

  @ApiProperty({ example: 'account-1' })
  name!: string;

  @ApiProperty({ example: '…6789', description: 'All that is shown of the secret' })
  hint!: string;

  @ApiProperty({ type: 'integer', example: 1 })
  weight!: number;

  @ApiProperty({ enum: STATUSES })
  status!: ApiKeyStatus;

  @ApiProperty()
  auto_ban!: boolean;

  @ApiProperty({ description: 'Why it is auto_disabled; empty otherwise', example: 'upstream answered 401' })
  ban_reason!: string;

  @ApiProperty({ type: Date, nullable: true, description: 'When the ban ends by itself' })
  ban_until!: Date | null;

  @ApiProperty({ type: Date, nullable: true })
  expires_at!: Date | null;
}

export function toApiKeyView(row: ApiKey): ApiKeyView {
  const { provider_group_id, name, hint, weight, status, auto_ban, ban_reason, ban_until, expires_at } = row;
  return {
    ...resourceView(row),
    provider_group_id,
    name,
    hint,
    weight,
    status,
    auto_ban,
    ban_reason,
    ban_until,
    expires_at,
  };
}
