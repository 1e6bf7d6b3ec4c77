import { ApiProperty } from '@nestjs/swagger';
import type { Master } from '../masters/master.entity.js';
import { MasterView, toMasterView } from '../masters/masters.dto.js';

export class KeyCountsView {
  @ApiProperty({ type: 'integer' })
  total!: number;

  @ApiProperty({ type: 'integer' })
  active!: number;

  @ApiProperty({ type: 'integer' })
  suspended!: number;

  @ApiProperty({ type: 'integer' })
  revoked!: number;

  @ApiProperty({ type: 'integer', description: 'Of those not revoked' })
  expired!: number;

  @ApiProperty({ type: 'integer', description: 'Of those not revoked' })
  exhausted!: number;
}

export class SelfView extends MasterView {
  @ApiProperty()
  keys!: KeyCountsView;
}

export const toSelfView = (master: Master, keys: KeyCountsView): SelfView => ({ ...toMasterView(master), keys });
