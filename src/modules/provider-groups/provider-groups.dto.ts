import { ApiProperty, PartialType } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { normalizeProviderType, normalizeRouteGroup, PROVIDER_TYPES, type ProviderType } from '../../contract/names.js';
import { batchOf } from '../../crud/batch.dto.js';
import { ChoiceField, ListField, NameField, PatternField, TextField } from '../../crud/fields.js';
import { ListQueryDto } from '../../crud/list-query.dto.js';
import { ResourceView, resourceView } from '../../crud/resource-view.js';
import type { ProviderGroup, ProviderGroupStatus } from './provider-group.entity.js';

const STATUSES = ['active', 'disabled'] as const satisfies readonly ProviderGroupStatus[];
const UPSTREAM_MODEL = /^\P{Cc}{1,256}$/u;

/** Before the check: texts are cleaned up, anything else stays as it is and fails. */
const Cleaned = (clean: (text: string) => string): PropertyDecorator =>
  Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? clean(value) : value));

const CleanedList = (): PropertyDecorator =>
  Transform(({ value }: { value: unknown }) => {
    const isTexts = Array.isArray(value) && value.every((item) => typeof item === 'string');
    return isTexts ? [...new Set(value.map((item) => item.trim()))].filter((item) => item !== '') : value;
  });

export class CreateProviderGroupDto {
  @NameField({ required: true, example: 'openai-main' })
  name!: string;

  @ChoiceField(PROVIDER_TYPES, { required: true, example: 'openai', description: 'In any case, with blanks around it' })
  @Cleaned((text) => normalizeProviderType(text) ?? text)
  type!: ProviderType;

  @TextField(2048, {
    example: 'https://api.openai.com/v1',
    description: "Stored in canonical form; empty = the type's own",
  })
  base_url?: string;

  @PatternField(/^[A-Za-z0-9.:_-]{0,128}$/, 'the id of a Google Cloud project', { example: 'my-project-1' })
  google_project?: string;

  @PatternField(/^[A-Za-z0-9-]{0,64}$/, 'a Google Cloud location', {
    example: 'europe-west4',
    description: 'Empty = global',
  })
  google_location?: string;

  @NameField({ example: 'default', description: 'Route group' })
  @Cleaned(normalizeRouteGroup)
  group?: string;

  @ListField(UPSTREAM_MODEL, '1 to 256 characters', {
    example: ['gpt-4o', 'gpt-4.1'],
    description: 'Upstream models. Blanks around a name, empty names and repetitions are dropped',
  })
  @CleanedList()
  models?: string[];

  @ChoiceField(STATUSES)
  status?: ProviderGroupStatus;
}

export class UpdateProviderGroupDto extends PartialType(CreateProviderGroupDto) {}

export class BatchProviderGroupsDto extends batchOf(
  'ProviderGroup',
  CreateProviderGroupDto,
  UpdateProviderGroupDto,
  STATUSES,
) {}

export class ListProviderGroupsDto extends ListQueryDto {
  @ChoiceField(PROVIDER_TYPES)
  type?: ProviderType;

  @NameField()
  group?: string;

  @ChoiceField(STATUSES)
  status?: ProviderGroupStatus;
}

export class ProviderGroupView extends ResourceView {
  @ApiProperty({ example: 'openai-main' })
  name!: string;

  @ApiProperty({ enum: PROVIDER_TYPES })
  type!: string;

  @ApiProperty({ example: 'https://api.openai.com/v1' })
  base_url!: string;

  @ApiProperty({ example: '' })
  google_project!: string;

  @ApiProperty({ example: '' })
  google_location!: string;

  @ApiProperty({ example: 'default' })
  group!: string;

  @ApiProperty({ type: [String], example: ['gpt-4o', 'gpt-4.1'] })
  models!: string[];

  @ApiProperty({ enum: STATUSES })
  status!: ProviderGroupStatus;
}

export function toProviderGroupView(row: ProviderGroup): ProviderGroupView {
  const { name, type, base_url, google_project, google_location, group, models, status } = row;
  return { ...resourceView(row), name, type, base_url, google_project, google_location, group, models, status };
}
