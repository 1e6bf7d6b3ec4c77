import { ApiProperty, PartialType } from '@nestjs/swagger';
import { IsDefined, registerDecorator } from 'class-validator';
import { batchOf } from '../../crud/batch.dto.js';
import { NameField, TextField } from '../../crud/fields.js';
import { ListQueryDto } from '../../crud/list-query.dto.js';
import { ResourceView, resourceView } from '../../crud/resource-view.js';
import type { Feature } from './feature.entity.js';

const LONGEST_VALUE = 16_384;

const VALUE_SCHEMA = {
  oneOf: [
    { type: 'boolean' },
    { type: 'string' },
    { type: 'number' },
    { type: 'object' },
    { type: 'array', items: {} },
  ],
  description: 'Any JSON value but null, at most 16 KiB as text',
  example: true,
};

const IsSmallJson = (): PropertyDecorator => (target, property) =>
  registerDecorator({
    name: 'isSmallJson',
    target: target.constructor,
    propertyName: property as string,
    options: { message: `$property must be a JSON value of at most ${LONGEST_VALUE} bytes` },
    validator: { validate: (value: unknown) => Buffer.byteLength(JSON.stringify(value) ?? '') <= LONGEST_VALUE },
  });

export class CreateFeatureDto {
  @NameField({ required: true, example: 'streaming_v2' })
  name!: string;

  @ApiProperty(VALUE_SCHEMA)
  @IsDefined()
  @IsSmallJson()
  value!: unknown;

  @TextField(1000, { example: 'The new parser of streams' })
  description?: string;
}

export class UpdateFeatureDto extends PartialType(CreateFeatureDto) {}

export class BatchFeaturesDto extends batchOf('Feature', CreateFeatureDto, UpdateFeatureDto, []) {}

export class ListFeaturesDto extends ListQueryDto {}

export class FeatureView extends ResourceView {
  @ApiProperty({ example: 'streaming_v2' })
  name!: string;

  @ApiProperty(VALUE_SCHEMA)
  value!: unknown;

  @ApiProperty({ example: 'The new parser of streams' })
  description!: string;
}

export function toFeatureView(row: Feature): FeatureView {
  return { ...resourceView(row), name: row.name, value: row.value, description: row.description };
}
