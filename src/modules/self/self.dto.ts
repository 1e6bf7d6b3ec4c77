import { ApiProperty } from '@nestjs/swagger';
import type { Master } from '../masters/master.entity.js';
import { MasterView, toMasterView } from '../masters/masters.dto.js';

export class KeyCountsView {
  @ApiProperty({ type: 'integer', example: 6 })
  total!: number;

  @ApiProperty({ type: 'integer', example: 4 })
  active!: number;

  @ApiProperty({ type: 'integer', example: 1 })
  suspended!: number;

  @ApiProperty({ type: 'integer', example: 1 })
  revoked!: number;

  @ApiProperty({ type: 'integer', description: 'Of those not revoked', example: 0 })
  expired!: number;

  @ApiProperty({ type: 'integer', description: 'Of those not revoked', example: 2 })
  exhausted!: number;
}

export class SelfView extends MasterView {
  @ApiProperty()
  keys!: KeyCountsView;
}

export const toSelfView = (master: Master, keys: KeyCountsView): SelfView => ({ ...toMasterView(master), keys });
