import { ApiProperty } from '@nestjs/swagger';
import { IsUUID } from 'class-validator';
import { HASH_OF, type HashKind } from '../contract/redis-keys.js';
import { describeHold, HOLD_CAUSES, type Hold, type HoldCause } from './holds.js';
import type { Loss } from './losses.js';

export class LossView implements Loss {
  @ApiProperty({ enum: Object.keys(HASH_OF) })
  kind!: HashKind;

  @ApiProperty({ type: 'integer', description: 'How many Redis holds', example: 5000 })
  from!: number;

  @ApiProperty({ type: 'integer', description: 'How many would be left', example: 12 })
  to!: number;
}

export class HoldView {
  @ApiProperty({ format: 'uuid', description: 'What POST /admin/sync/confirm takes' })
  id!: string;

  @ApiProperty({
    enum: HOLD_CAUSES,
    description:
      '`takeover`: Redis holds the configuration of another database; `snapshot`, `reconcile`: most or all of a kind would go',
  })
  cause!: HoldCause;

  @ApiProperty({ description: 'What would happen, in a sentence' })
  reason!: string;

  @ApiProperty({ type: String, nullable: true, description: 'The other database, of a takeover' })
  source!: string | null;

  @ApiProperty({ type: [LossView] })
  losses!: LossView[];

  @ApiProperty({ type: Date })
  since!: Date;

  @ApiProperty({ type: Date, nullable: true, description: 'Null: it waits' })
  confirmed_at!: Date | null;
}

export class ConfirmHoldDto {
  @ApiProperty({ format: 'uuid', description: '`holds[].id` of GET /admin/sync/status' })
  @IsUUID()
  id!: string;
}

export const toHoldView = (hold: Hold): HoldView => ({
  id: hold.id,
  cause: hold.cause,
  reason: describeHold(hold),
  source: hold.source,
  losses: hold.losses,
  since: hold.since,
  confirmed_at: hold.confirmed_at,
});
