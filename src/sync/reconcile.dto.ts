import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional } from 'class-validator';
import { SYNC_KINDS, type SyncKind } from '../contract/redis-keys.js';
import { QueryInt } from '../http/parameters.js';
import { DRIFT_TYPES, type DriftCount, type DriftType } from './drift.js';
import type { ReconcileReport } from './reconcile-reports.js';

export class DriftView implements DriftCount {
  @ApiProperty({ enum: SYNC_KINDS })
  kind!: SyncKind;

  @ApiProperty({
    enum: DRIFT_TYPES,
    description:
      '`missing` in Redis; `extra` there; `payload`: something else than PostgreSQL said; `ahead`: a version that PostgreSQL did not give',
  })
  type!: DriftType;

  @ApiProperty({ type: 'integer' })
  found!: number;

  @ApiProperty({ type: 'integer' })
  repaired!: number;
}

export class ReconcileRunView implements Omit<ReconcileReport, 'ids'> {
  @ApiProperty({ type: Date })
  started_at!: Date;

  @ApiProperty({ type: Date, nullable: true, description: 'Null while it runs' })
  finished_at!: Date | null;

  @ApiProperty({ type: 'integer', description: 'Compared so far' })
  resources!: number;

  @ApiProperty({ type: [DriftView], description: 'Empty: all is as it should be' })
  drift!: DriftView[];

  @ApiProperty({ type: String, nullable: true, description: 'Why it ended early' })
  error!: string | null;
}

export class ReconcilerView {
  @ApiProperty({ type: ReconcileRunView, nullable: true, description: 'The run of this process that is going on' })
  running!: ReconcileRunView | null;

  @ApiProperty({ type: ReconcileRunView, nullable: true, description: 'The last run that has ended, in any replica' })
  last_run!: ReconcileRunView | null;
}

export class ReconcileDto {
  @ApiPropertyOptional({ type: 'integer', minimum: 0, maximum: 30_000, default: 10_000 })
  @IsOptional()
  @QueryInt(0, 30_000)
  wait_ms?: number;
}

export class ReconcileView {
  @ApiProperty({ enum: ['pending', 'finished'] })
  state!: 'pending' | 'finished';

  @ApiProperty({ type: ReconcileRunView, nullable: true, description: 'What it found; null while it is pending' })
  run!: ReconcileRunView | null;
}

export const toReconcileRunView = ({ ids: _ids, ...run }: ReconcileReport): ReconcileRunView => run;
