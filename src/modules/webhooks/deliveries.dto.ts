import { ApiProperty } from '@nestjs/swagger';
import { ChoiceField } from '../../crud/fields.js';
import { PageQueryDto } from '../../crud/list-query.dto.js';
import { ALERT_EVENTS } from './alert-sources.service.js';

export const DELIVERY_STATUSES = ['pending', 'delivered', 'dead'] as const;
const EVENTS = [...ALERT_EVENTS, 'test'] as const;

export class ListDeliveriesDto extends PageQueryDto {
  @ChoiceField(DELIVERY_STATUSES)
  status?: (typeof DELIVERY_STATUSES)[number];

  @ChoiceField(EVENTS)
  event?: (typeof EVENTS)[number];
}

export class DeliveryView {
  @ApiProperty({ type: 'integer', example: 17 })
  id!: number;

  @ApiProperty({ format: 'uuid', description: 'The same at every attempt: by it a receiver knows repetitions' })
  event_id!: string;

  @ApiProperty({ enum: EVENTS })
  event!: string;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    description: 'What is sent',
    example: { event: 'sync_lag', state: 'firing', data: { lag_seconds: 12 } },
  })
  payload!: object;

  @ApiProperty({ enum: DELIVERY_STATUSES, description: '`dead`: given up after 24 hours' })
  status!: (typeof DELIVERY_STATUSES)[number];

  @ApiProperty({ type: 'integer', example: 1 })
  attempts!: number;

  @ApiProperty()
  created_at!: Date;

  @ApiProperty({ type: Date, nullable: true, description: 'Null once it is settled' })
  next_attempt_at!: Date | null;

  @ApiProperty({ type: Date, nullable: true })
  last_attempt_at!: Date | null;

  @ApiProperty({ type: 'integer', nullable: true, description: 'Status that the receiver answered', example: 200 })
  last_status!: number | null;

  @ApiProperty({ type: String, nullable: true, example: null })
  last_error!: string | null;

  @ApiProperty({ type: Date, nullable: true })
  delivered_at!: Date | null;
}
