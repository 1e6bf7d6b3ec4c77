import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';
import { SYNC_KINDS, type SyncKind } from '../contract/redis-keys.js';
import { QueryInt } from '../http/parameters.js';
import { PageQueryDto } from '../crud/list-query.dto.js';
import { pageOf } from '../http/openapi.js';
import { DataPlanesView } from './data-planes/data-planes.dto.js';
import { SNAPSHOT_REASONS, type SnapshotReason } from './snapshot-report.js';
import { HoldView } from './hold.dto.js';
import { DriftView, ReconcilerView } from './reconcile.dto.js';

const STATES = ['ok', 'lagging', 'degraded', 'held'] as const;
const RESOURCE_STATES = ['pending', 'quarantined'] as const;

export class HeadView {
  @ApiProperty({ example: '1' })
  gen!: string;

  @ApiProperty({ example: '4711' })
  version!: string;

  @ApiProperty({ format: 'uuid', description: 'Identity of the database' })
  source!: string;
}

export class MarkerView extends HeadView {
  @ApiProperty({ example: '3', description: 'Term of the dispatcher that wrote last' })
  fence!: string;

  @ApiProperty({ type: Date, description: 'Last sign of life of a dispatcher' })
  heartbeat_at!: Date;
}

export class LagView {
  @ApiProperty({ type: 'integer', nullable: true, description: 'Null: the two cannot be compared' })
  versions!: number | null;

  @ApiProperty({ type: 'integer', description: 'Age of the oldest change that Redis does not have' })
  ms!: number;
}

export class DispatcherView {
  @ApiProperty({ description: 'EZ_SYNC_OUTBOX_ENABLED of this process' })
  enabled!: boolean;

  @ApiProperty({ description: 'Whether this process is the one that dispatches; what follows is its own view' })
  leader!: boolean;

  @ApiProperty({ type: String, nullable: true, description: 'Its term' })
  fence!: string | null;

  @ApiProperty({ type: Date, nullable: true })
  last_success_at!: Date | null;

  @ApiProperty({ type: String, nullable: true })
  last_error!: string | null;

  @ApiProperty({ type: Date, nullable: true })
  retry_at!: Date | null;

  @ApiProperty({ type: 'integer' })
  consecutive_failures!: number;
}

export class LastSnapshotView {
  @ApiProperty({ enum: SNAPSHOT_REASONS })
  reason!: SnapshotReason;

  @ApiProperty({ type: Date })
  started_at!: Date;

  @ApiProperty({ type: Date, nullable: true, description: 'Null while it runs' })
  finished_at!: Date | null;

  @ApiProperty({ type: 'integer' })
  resources!: number;

  @ApiProperty({ type: String, nullable: true })
  error!: string | null;
}

export class RedisView {
  @ApiProperty()
  connected!: boolean;

  @ApiProperty({ type: String, nullable: true })
  error!: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'How it is configured to lose what it is given' })
  danger!: string | null;
}

export class SyncStatusView {
  @ApiProperty({ enum: STATES })
  state!: (typeof STATES)[number];

  @ApiProperty({ type: [String], description: 'Why it is not ok', example: [] })
  reasons!: string[];

  @ApiProperty({ type: [HoldView], description: 'What waits for an operator to confirm it' })
  holds!: HoldView[];

  @ApiProperty({ type: HeadView, description: 'The newest committed version' })
  head!: HeadView;

  @ApiProperty({
    type: MarkerView,
    nullable: true,
    description: 'The version that Redis holds; null: none, or not known',
  })
  marker!: MarkerView | null;

  @ApiProperty({ type: LagView })
  lag!: LagView;

  @ApiProperty({
    description: 'Resources that Redis does not have yet, by kind',
    type: 'object',
    properties: Object.fromEntries(['total', ...SYNC_KINDS].map((name) => [name, { type: 'integer' }])),
    required: ['total', ...SYNC_KINDS],
  })
  pending!: Record<SyncKind | 'total', number>;

  @ApiProperty({ type: 'integer', description: 'Resources that cannot be rendered; Redis keeps their last good value' })
  quarantined!: number;

  @ApiProperty({ type: DispatcherView })
  dispatcher!: DispatcherView;

  @ApiProperty({ type: LastSnapshotView, nullable: true, description: 'The last one that this process made' })
  last_snapshot!: LastSnapshotView | null;

  @ApiProperty({ type: ReconcilerView })
  reconciler!: ReconcilerView;

  @ApiProperty({ type: [DriftView], description: 'All that this process has seen or heard of since it started' })
  drift!: DriftView[];

  @ApiProperty({ type: DataPlanesView })
  data_planes!: DataPlanesView;

  @ApiProperty({ type: RedisView })
  redis!: RedisView;
}

export class ListSyncResourcesDto extends PageQueryDto {
  @ApiProperty({ enum: RESOURCE_STATES })
  @IsIn(RESOURCE_STATES)
  state!: (typeof RESOURCE_STATES)[number];
}

export class SyncResourceView {
  @ApiProperty({ enum: SYNC_KINDS })
  kind!: SyncKind;

  @ApiProperty({ description: 'What it is called in Redis', example: '42' })
  ref!: string;

  @ApiProperty({ example: '4711' })
  version!: string;

  @ApiProperty()
  deleted!: boolean;

  @ApiProperty({ type: Date })
  changed_at!: Date;

  @ApiProperty({ type: 'integer', description: 'Failed attempts to render it' })
  attempts!: number;

  @ApiProperty({ type: String, nullable: true })
  last_error!: string | null;

  @ApiProperty({ type: Date, nullable: true })
  quarantined_at!: Date | null;
}

export class SyncResourcePage extends pageOf(SyncResourceView) {}

export class RequestSnapshotDto {
  @ApiPropertyOptional({ enum: ['applied'], description: 'Answer when the snapshot is in Redis, or at the time limit' })
  @IsOptional()
  @IsIn(['applied'])
  wait?: 'applied';

  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: 30_000, default: 1000 })
  @IsOptional()
  @QueryInt(1, 30_000)
  timeout_ms?: number;
}

export class SnapshotRequestView {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ enum: ['pending', 'applied'] })
  state!: 'pending' | 'applied';
}
