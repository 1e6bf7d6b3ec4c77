import { ApiPropertyOptional, OmitType, PartialType } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { ArrayMaxSize, ArrayMinSize, IsArray, IsOptional, ValidateNested } from 'class-validator';
import { NAME_PATTERN, orEmpty } from '../../contract/names.js';
import { batchOf } from '../../crud/batch.dto.js';
import {
  ChoiceField,
  FlagField,
  IdField,
  IdFilter,
  IntegerField,
  MoneyField,
  PatternField,
  TextField,
} from '../../crud/fields.js';
import type { KeyStatus } from './key.entity.js';
import { MOST_SECRETS } from './key-secrets.js';
import { KEY_STATUSES } from './key.view.js';
import { CreateTokenDto, ListTokensDto } from './tokens.dto.js';

const MOST_WEIGHT = 1_000_000;
const TOKEN_HASH = /^[0-9a-f]{64}$/;

export class ImportedSecretDto {
  @PatternField(TOKEN_HASH, 'the lower-case hex SHA-256 of what clients send', {
    required: true,
    example: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  })
  token_hash!: string;

  @TextField(16, { description: 'What may be shown of it, such as its last four characters', example: 'sk-…a1B2' })
  hint?: string;
}

export class CreateKeyDto extends CreateTokenDto {
  @PatternField(orEmpty(NAME_PATTERN), 'the name of a route group, or empty', {
    description: 'Route group; empty = the master’s',
    example: 'default',
  })
  group?: string;

  @IntegerField(0, MOST_WEIGHT, { example: 1 })
  weight?: number;

  @MoneyField({ description: 'USD', example: 25.5 })
  balance?: number;

  @FlagField({ example: false, description: 'Whether usage may take the balance below 0' })
  allow_overdraft?: boolean;

  @IntegerField(0, Number.MAX_SAFE_INTEGER, { description: 'Quota units spent in this period', example: 0 })
  quota_used?: number;

  @ApiPropertyOptional({
    type: [ImportedSecretDto],
    minItems: 1,
    maxItems: MOST_SECRETS,
    description: 'What clients send already, brought from elsewhere; then no token is made',
  })
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MOST_SECRETS)
  @ValidateNested({ each: true })
  @Type(() => ImportedSecretDto)
  secrets?: ImportedSecretDto[];
}

export class UpdateKeyDto extends PartialType(OmitType(CreateKeyDto, ['status', 'secrets'])) {
  @ChoiceField(KEY_STATUSES, { description: '`revoked` is final', example: 'suspended' })
  status?: KeyStatus;
}

export class BatchKeysDto extends batchOf('Key', CreateKeyDto, UpdateKeyDto, KEY_STATUSES) {}

/** Of `POST /keys`, where the path does not name the master. */
export class CreateKeyOfMasterDto extends CreateKeyDto {
  @IdField({ required: true, example: 1 })
  master_id!: number;
}

export class ListMasterKeysDto extends ListTokensDto {
  @TextField(128, { minLength: 1, description: 'Route group, their own or inherited' })
  group?: string;

  @PatternField(TOKEN_HASH, 'the lower-case hex SHA-256 of what clients send', {
    description: 'The key that has this secret',
  })
  token_hash?: string;
}

export class ListKeysDto extends ListMasterKeysDto {
  @IdFilter()
  master_id?: number;
}
