import { ApiProperty, PartialType } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { UNIT_PRICE_DIGITS } from '../../common/money.js';
import { MODEL_KINDS, normalizeModelKind, type ModelKind } from '../../contract/names.js';
import { batchOf } from '../../crud/batch.dto.js';
import { ChoiceField, DecimalField, FlagField, IntegerField, MoneyField, NameField } from '../../crud/fields.js';
import { ListQueryDto } from '../../crud/list-query.dto.js';
import { ResourceView, resourceView } from '../../crud/resource-view.js';
import type { Model, ModelSource, ModelStatus } from './model.entity.js';

const STATUSES = ['active', 'disabled'] as const satisfies readonly ModelStatus[];
const SOURCES = ['manual', 'registry'] as const satisfies readonly ModelSource[];
const MOST_TOKENS = 2 ** 31 - 1;

/** The contract's reading: empty = chat, unknown = other. What is no text is left for the check. */
const NormalizedKind = (): PropertyDecorator =>
  Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? normalizeModelKind(value) : value));

export class CreateModelDto {
  @NameField({ required: true, example: 'default.gpt-4o', description: '`namespace.public_model`, or bare' })
  name!: string;

  @ChoiceField(MODEL_KINDS, { description: 'Empty means chat, any other word means other' })
  @NormalizedKind()
  kind?: ModelKind;

  @IntegerField(0, MOST_TOKENS, { example: 128_000, description: 'Tokens; 0 = unknown' })
  context_window?: number;

  @IntegerField(0, MOST_TOKENS, { example: 8192, description: 'Tokens; 0 = unknown' })
  max_output_tokens?: number;

  @DecimalField(UNIT_PRICE_DIGITS, { example: 0.000002, description: 'USD per token' })
  cost_per_token?: number;

  @MoneyField({ example: 2.5, description: 'USD per million tokens' })
  input_price?: number;

  @MoneyField({ example: 10, description: 'USD per million tokens' })
  output_price?: number;

  @MoneyField({ example: 1.25, description: 'USD per million tokens' })
  cache_read_price?: number;

  @FlagField()
  supports_vision?: boolean;

  @FlagField()
  supports_functions?: boolean;

  @FlagField()
  supports_tool_choice?: boolean;

  @FlagField()
  supports_fim?: boolean;

  @FlagField()
  supports_stream?: boolean;

  @ChoiceField(STATUSES)
  status?: ModelStatus;
}

export class UpdateModelDto extends PartialType(CreateModelDto) {}

export class BatchModelsDto extends batchOf('Model', CreateModelDto, UpdateModelDto, STATUSES) {}

export class ListModelsDto extends ListQueryDto {
  @ChoiceField(STATUSES)
  status?: ModelStatus;

  @ChoiceField(MODEL_KINDS)
  kind?: ModelKind;

  @ChoiceField(SOURCES)
  source?: ModelSource;
}

export class ModelView extends ResourceView {
  @ApiProperty({ example: 'default.gpt-4o' })
  name!: string;

  @ApiProperty({ enum: MODEL_KINDS })
  kind!: ModelKind;

  @ApiProperty({ type: 'integer', example: 128_000 })
  context_window!: number;

  @ApiProperty({ type: 'integer', example: 8192 })
  max_output_tokens!: number;

  @ApiProperty({ description: 'USD per token', example: 0.000002 })
  cost_per_token!: number;

  @ApiProperty({ description: 'USD per million tokens', example: 2.5 })
  input_price!: number;

  @ApiProperty({ description: 'USD per million tokens', example: 10 })
  output_price!: number;

  @ApiProperty({ description: 'USD per million tokens', example: 1.25 })
  cache_read_price!: number;

  @ApiProperty()
  supports_vision!: boolean;

  @ApiProperty()
  supports_functions!: boolean;

  @ApiProperty()
  supports_tool_choice!: boolean;

  @ApiProperty()
  supports_fim!: boolean;

  @ApiProperty()
  supports_stream!: boolean;

  @ApiProperty({ enum: SOURCES })
  source!: ModelSource;

  @ApiProperty({ enum: STATUSES })
  status!: ModelStatus;
}

export function toModelView(row: Model): ModelView {
  const { name, kind, context_window, max_output_tokens, source, status } = row;
  const { cost_per_token, input_price, output_price, cache_read_price } = row;
  const { supports_vision, supports_functions, supports_tool_choice, supports_fim, supports_stream } = row;
  return {
    ...resourceView(row),
    ...{ name, kind, context_window, max_output_tokens },
    ...{ cost_per_token, input_price, output_price, cache_read_price },
    ...{ supports_vision, supports_functions, supports_tool_choice, supports_fim, supports_stream },
    ...{ source, status },
  };
}
