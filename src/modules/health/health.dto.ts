import { ApiProperty } from '@nestjs/swagger';

export class StatusView {
  @ApiProperty({ enum: ['ok'] })
  status!: 'ok';
}

const PARTS = ['up', 'down'] as const;
type Part = (typeof PARTS)[number];

export class HealthView {
  @ApiProperty({
    enum: ['ok', 'degraded', 'down'],
    description: '`degraded`: Redis or the log database is away, or stored secrets cannot be read',
  })
  status!: 'ok' | 'degraded' | 'down';

  @ApiProperty({ enum: PARTS })
  postgres!: Part;

  @ApiProperty({ enum: ['expected', 'older', 'newer', 'unknown'] })
  schema!: 'expected' | 'older' | 'newer' | 'unknown';

  @ApiProperty({ enum: PARTS })
  redis!: Part;

  @ApiProperty({ enum: PARTS, description: 'The log database, with the schema expected' })
  logs!: Part;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: 'Upstream secrets that no configured key opens; null = not known',
    example: 0,
  })
  undecryptable_secrets!: number | null;
}
