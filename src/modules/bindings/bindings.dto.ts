import { ApiProperty, ApiPropertyOptional, PartialType } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { normalizeRouteGroup, SELECTOR_TYPES, type SelectorType } from '../../contract/names.js';
import { SELECTOR_MAX_LENGTH } from '../../contract/selector.js';
import type { CandidateError } from '../../contract/snapshots.js';
import { batchOf } from '../../crud/batch.dto.js';
import {
  ChoiceField,
  IdField,
  IdFilter,
  IntegerField,
  NameField,
  NamespaceField,
  TextField,
} from '../../crud/fields.js';
import { ListQueryDto } from '../../crud/list-query.dto.js';
import { ResourceView, resourceView } from '../../crud/resource-view.js';
import type { Binding, BindingStatus } from './binding.entity.js';
import type { ResolvedBinding } from './binding-resolution.js';
import { ModelNameWarningView } from './model-name-warning.dto.js';

const STATUSES = ['active', 'disabled'] as const satisfies readonly BindingStatus[];
const ERRORS = ['config_error', 'no_provider'] as const satisfies readonly CandidateError[];

export class CreateBindingDto {
  @NamespaceField({ required: true, example: 'default' })
  namespace!: string;

  @NameField({ required: true, example: 'gpt-4o', description: 'What clients write behind the namespace' })
  public_model!: string;

  @IdField({ required: true, example: 1, description: 'The provider group that serves it' })
  group_id!: number;

  @NameField({ example: 'default', description: 'Keys of this route group are served by it' })
  @Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? normalizeRouteGroup(value) : value))
  route_group?: string;

  @IntegerField(0, 1_000_000, { example: 1, description: 'Share of the load among the candidates' })
  weight?: number;

  @ChoiceField(SELECTOR_TYPES, { description: 'How the upstream model is found among those of the group' })
  selector_type?: SelectorType;

  @TextField(SELECTOR_MAX_LENGTH, {
    example: 'gpt-4o-2024-11-20',
    description: 'Empty = the public model; a regex is RE2',
  })
  selector_value?: string;

  @ChoiceField(STATUSES)
  status?: BindingStatus;
}

export class UpdateBindingDto extends PartialType(CreateBindingDto) {}

export class BatchBindingsDto extends batchOf('Binding', CreateBindingDto, UpdateBindingDto, STATUSES) {}

export class ListBindingsDto extends ListQueryDto {
  @NamespaceField()
  namespace?: string;

  @NameField()
  public_model?: string;

  @IdFilter()
  group_id?: number;

  @NameField()
  route_group?: string;

  @ChoiceField(STATUSES)
  status?: BindingStatus;
}

class BindingFactsView extends ResourceView {
  @ApiProperty({ example: 'default' })
  namespace!: string;

  @ApiProperty({ example: 'gpt-4o' })
  public_model!: string;

  @ApiProperty({ type: 'integer', example: 1 })
  group_id!: number;

  @ApiProperty({ example: 'default' })
  route_group!: string;

  @ApiProperty({ type: 'integer', example: 1 })
  weight!: number;

  @ApiProperty({ enum: SELECTOR_TYPES })
  selector_type!: SelectorType;

  @ApiProperty({ example: 'gpt-4o-2024-11-20' })
  selector_value!: string;

  @ApiProperty({ enum: STATUSES })
  status!: BindingStatus;
}

export class BindingView extends BindingFactsView {
  @ApiProperty({ enum: ERRORS, nullable: true, description: 'Why it resolves to nothing now' })
  error!: CandidateError | null;

  @ApiProperty({ type: String, nullable: true, description: 'The error in words', example: null })
  error_detail!: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    example: 'gpt-4o-2024-11-20',
    description: 'What the selector hits now',
  })
  upstream_model!: string | null;

  @ApiProperty({ type: 'integer', description: 'API keys that can serve it now', example: 2 })
  provider_count!: number;

  @ApiProperty({ type: [ModelNameWarningView] })
  warnings!: ModelNameWarningView[];
}

export function toBindingView(row: ResolvedBinding): BindingView {
  const { error, error_detail, upstream_model, provider_ids, warnings } = row.resolution;
  return { ...toBindingFacts(row), error, error_detail, upstream_model, provider_count: provider_ids.length, warnings };
}

/** What the operation log keeps: a binding without what others make of it. */
export function toBindingFacts(row: Binding): BindingFactsView {
  const { namespace, public_model, group_id, route_group, weight, selector_type, selector_value, status } = row;
  return {
    ...resourceView(row),
    namespace,
    public_model,
    group_id,
    route_group,
    weight,
    selector_type,
    selector_value,
    status,
  };
}

export class LintBindingsDto {
  @NamespaceField({ description: 'Absent: all of them', example: 'default' })
  namespace?: string;

  @NameField({ description: 'With a namespace; the name need not be bound yet', example: 'gpt-4.1' })
  public_model?: string;
}

export class ModelNameFindingView extends ModelNameWarningView {
  @ApiPropertyOptional({ type: 'integer', description: 'The binding that has the name', example: 1 })
  binding_id?: number;

  @ApiPropertyOptional({ type: 'integer', description: 'The model that has the name', example: 1 })
  model_id?: number;

  @ApiProperty({ example: 'default', description: 'Empty for a model whose name has none' })
  namespace!: string;

  @ApiProperty({ example: 'gpt-4.1' })
  public_model!: string;
}
