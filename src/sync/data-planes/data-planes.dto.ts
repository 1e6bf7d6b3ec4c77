import { ApiProperty } from '@nestjs/swagger';
import { DATA_PLANE_STATES } from './ack.js';
import type { DataPlaneLag } from './data-plane-lag.js';

const OVERALL = ['ok', 'lagging', 'refusing', 'none', 'unknown'] as const;

export class DataPlaneLagView implements DataPlaneLag {
  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: 'Committed versions that it has not acknowledged; null: of another history, or not known',
  })
  versions!: number | null;

  @ApiProperty({ type: 'integer', nullable: true, description: 'Age of the oldest of them' })
  ms!: number | null;
}

export class DataPlaneView {
  @ApiProperty({ example: 'eu-1' })
  node!: string;

  @ApiProperty({
    enum: DATA_PLANE_STATES,
    description: '`nack`: it refuses what Redis holds; `unreadable`: what it says cannot be understood',
  })
  state!: (typeof DATA_PLANE_STATES)[number];

  @ApiProperty({ type: String, nullable: true, example: '1' })
  gen!: string | null;

  @ApiProperty({ type: String, nullable: true, example: '4711', description: 'What it serves completely' })
  version!: string | null;

  @ApiProperty({ type: DataPlaneLagView })
  lag!: DataPlaneLagView;

  @ApiProperty({ type: String, nullable: true })
  error!: string | null;

  @ApiProperty({ type: String, nullable: true, example: 'my-balancer/1.4' })
  software!: string | null;

  @ApiProperty({ type: Date, nullable: true })
  started_at!: Date | null;

  @ApiProperty({ type: Date, nullable: true, description: 'Of its last word; it is gone 30 s after that' })
  last_seen_at!: Date | null;
}

export class DataPlanesView {
  @ApiProperty({
    enum: OVERALL,
    description: '`none`: nobody acknowledges, so nothing is known of what is served; `unknown`: Redis does not tell',
  })
  state!: (typeof OVERALL)[number];

  @ApiProperty({ example: 'All 3 data planes follow' })
  summary!: string;

  @ApiProperty({ type: [DataPlaneView], description: 'Those that live' })
  nodes!: DataPlaneView[];
}
