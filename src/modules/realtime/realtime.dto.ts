import { ApiProperty } from '@nestjs/swagger';

export class CountersView {
  @ApiProperty({ description: 'Beginning of the minute', example: '2026-01-05T09:41:00.000Z' })
  since!: Date;

  @ApiProperty({ type: 'integer', example: 312 })
  requests!: number;

  @ApiProperty({ type: 'integer', example: 4 })
  errors!: number;

  @ApiProperty({ type: 'integer', example: 80_123 })
  input_tokens!: number;

  @ApiProperty({ type: 'integer', example: 21_456 })
  output_tokens!: number;
}

export class RealtimeView {
  @ApiProperty({ type: 'integer', example: 7 })
  master_id!: number;

  @ApiProperty({ example: '2026-01-05T09:42:17.000Z' })
  at!: Date;

  @ApiProperty({ type: 'integer', description: 'Requests in the last full second', example: 5 })
  qps!: number;

  @ApiProperty({ description: 'The last full minute' })
  last_minute!: CountersView;

  @ApiProperty({ description: 'The minute that is running, so far' })
  current_minute!: CountersView;
}
