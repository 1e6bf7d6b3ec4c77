import { ApiProperty, ApiPropertyOptional, PartialType } from '@nestjs/swagger';
import { ArrayMaxSize, ArrayNotEmpty, ArrayUnique, IsArray, Matches } from 'class-validator';
import { batchOf } from '../../crud/batch.dto.js';
import { InstantField, NameField } from '../../crud/fields.js';
import { ListQueryDto } from '../../crud/list-query.dto.js';
import { ResourceView, resourceView } from '../../crud/resource-view.js';
import { ADMIN_RESOURCES, SCOPE_PATTERN } from '../../common/scopes.js';
import type { AdminToken } from './admin-token.entity.js';

const MOST_SCOPES = 2 * ADMIN_RESOURCES.length;

export class CreateAdminTokenDto {
  @NameField({ required: true, example: 'grafana' })
  name!: string;

  @ApiProperty({
    type: 'array',
    items: { type: 'string', pattern: SCOPE_PATTERN.source },
    minItems: 1,
    maxItems: MOST_SCOPES,
    uniqueItems: true,
    example: ['masters:read', 'keys:*'],
    description: '`resource:read`, `resource:write`, `resource:*`, `*:read` or `*`. Writing does not include reading',
  })
  @IsArray()
  @ArrayNotEmpty()
  @ArrayMaxSize(MOST_SCOPES)
  @ArrayUnique()
  @Matches(SCOPE_PATTERN, { each: true, message: 'each entry of $property must be a scope like masters:read' })
  scopes!: string[];

  @InstantField({ description: 'In the future; absent: never' })
  expires_at?: string;
}

export class UpdateAdminTokenDto extends PartialType(CreateAdminTokenDto) {}

export class BatchAdminTokensDto extends batchOf('AdminToken', CreateAdminTokenDto, UpdateAdminTokenDto, []) {}

export class ListAdminTokensDto extends ListQueryDto {}

export class AdminTokenView extends ResourceView {
  @ApiProperty({ example: 'grafana' })
  name!: string;

  @ApiProperty({ type: [String], example: ['masters:read', 'keys:*'] })
  scopes!: string[];

  @ApiProperty({ example: 'eza_…k3Xq' })
  hint!: string;

  @ApiProperty({ type: Date, nullable: true })
  expires_at!: Date | null;
}

export class IssuedAdminTokenView extends AdminTokenView {
  @ApiPropertyOptional({ description: 'Shown here and never again; present when it was just made', example: 'eza_…' })
  token?: string;
}

export function toAdminTokenView(row: AdminToken): AdminTokenView {
  const { name, scopes, hint, expires_at } = row;
  return { ...resourceView(row), name, scopes, hint, expires_at };
}

export const toIssuedAdminTokenView = (row: AdminToken): IssuedAdminTokenView => ({
  ...toAdminTokenView(row),
  token: row.token,
});
