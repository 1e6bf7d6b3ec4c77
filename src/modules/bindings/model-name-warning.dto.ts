import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { ModelNameWarning, ModelRef } from '../../contract/model-ref.js';

export class ModelRefView implements ModelRef {
  @ApiProperty({ example: 'gpt-4' })
  namespace!: string;

  @ApiProperty({ example: '1' })
  public_model!: string;
}

export class ModelNameRemedyView {
  @ApiProperty({ example: 'default.gpt-4.1', description: 'What clients can write today' })
  qualified_name!: string;

  @ApiProperty({ example: 'gpt-4-1', description: 'A public model that they could write without the namespace' })
  dotless_name!: string;

  @ApiPropertyOptional({ type: ModelRefView, description: 'A binding under which the natural name would arrive' })
  alias?: ModelRefView;
}

export class ModelNameWarningView implements ModelNameWarning {
  @ApiProperty({ enum: ['bare_name_unreachable', 'bare_name_shadowed'] })
  code!: ModelNameWarning['code'];

  @ApiProperty({ example: 'A bare "gpt-4.1" reads as model "1" of namespace "gpt-4", which does not exist.' })
  message!: string;

  @ApiProperty({ type: ModelRefView })
  reads_as!: ModelRefView;

  @ApiProperty({ type: ModelNameRemedyView })
  remedy!: ModelNameRemedyView;
}
