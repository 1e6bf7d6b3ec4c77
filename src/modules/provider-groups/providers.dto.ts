import { ApiProperty, PickType } from '@nestjs/swagger';
import { TextField } from '../../crud/fields.js';
import { ResourceView, resourceView } from '../../crud/resource-view.js';
import type { ApiKey } from '../api-keys/api-key.entity.js';
import type { ProviderGroup } from './provider-group.entity.js';
import { CreateProviderGroupDto } from './provider-groups.dto.js';

/** A provider as the first release knew it: a provider group with one API key. */
export class CreateProviderDto extends PickType(CreateProviderGroupDto, [
  'name',
  'type',
  'base_url',
  'group',
  'models',
]) {
  @TextField(16_384, { required: true, minLength: 1, example: 'sk-proj-0123456789' })
  api_key!: string;
}

export class ProviderView extends ResourceView {
  @ApiProperty({
    type: 'integer',
    description: 'The same as `id`, under which balancers know the provider',
    example: 1,
  })
  api_key_id!: number;

  @ApiProperty({ type: 'integer', example: 1 })
  provider_group_id!: number;

  @ApiProperty({ example: 'openai-main' })
  name!: string;

  @ApiProperty({ example: 'openai' })
  type!: string;

  @ApiProperty({ example: 'https://api.openai.com/v1' })
  base_url!: string;

  @ApiProperty({ example: 'default' })
  group!: string;

  @ApiProperty({ type: [String], example: ['gpt-4o', 'gpt-4.1'] })
  models!: string[];

  @ApiProperty({ example: '…last', description: 'All that is shown of the API key' })
  hint!: string;
}

export function toProviderView({ group, apiKey }: { group: ProviderGroup; apiKey: ApiKey }): ProviderView {
  return {
    ...resourceView(apiKey),
    api_key_id: apiKey.id,
    provider_group_id: group.id,
    name: group.name,
    type: group.type,
    base_url: group.base_url,
    group: group.group,
    models: group.models,
    hint: apiKey.hint,
  };
}
