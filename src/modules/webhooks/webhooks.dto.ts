import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { ArrayNotEmpty, ArrayUnique, IsArray, IsIn, IsOptional, ValidateNested } from 'class-validator';
import { ChoiceField, IntegerField, TextField } from '../../crud/fields.js';
import { resourceView, ResourceView } from '../../crud/resource-view.js';
import { ALERT_EVENTS, type AlertConditions, type AlertEvent } from './alert-sources.service.js';
import type { Webhook } from './webhook.entity.js';

export class ErrorRateDto {
  @IntegerField(1, 100, { required: true, description: 'Percent of the requests that failed', example: 10 })
  percent!: number;

  @IntegerField(1, 60, { required: true, description: 'Over the last full minutes', example: 5 })
  minutes!: number;

  @IntegerField(1, 1_000_000, { required: true, description: 'Fewer requests are no measure', example: 50 })
  min_requests!: number;
}

export class ServerErrorsDto {
  @IntegerField(1, 1_000_000, { required: true, description: 'Answers of 500 and above', example: 100 })
  count!: number;

  @IntegerField(1, 60, { required: true, description: 'Over the last full minutes', example: 5 })
  minutes!: number;
}

export class PercentDto {
  @IntegerField(1, 100, { required: true, example: 80 })
  percent!: number;
}

export class SyncLagDto {
  @IntegerField(1, 3600, { required: true, description: 'Age of the oldest change that Redis lacks', example: 10 })
  seconds!: number;
}

/** One group of conditions; what is left out keeps its default. */
const Conditions = (type: () => new () => object, description: string): PropertyDecorator =>
  applyDecorators(ApiPropertyOptional({ type, description }), IsOptional(), ValidateNested(), Type(type));

export class AlertConditionsDto {
  @Conditions(() => ErrorRateDto, 'When requests fail too often')
  error_rate?: ErrorRateDto;

  @Conditions(() => ServerErrorsDto, 'When upstreams answer too many server errors')
  server_errors?: ServerErrorsDto;

  @Conditions(() => PercentDto, 'How much of its quota a key has used')
  quota_threshold?: PercentDto;

  @Conditions(() => SyncLagDto, 'When Redis is behind')
  sync_lag?: SyncLagDto;

  @Conditions(() => PercentDto, 'How full the queue of log records is')
  log_queue_pressure?: PercentDto;
}

export class PutWebhookDto {
  @TextField(2048, { required: true, minLength: 1, example: 'https://hooks.example.com/ez' })
  url!: string;

  @TextField(256, {
    minLength: 16,
    example: 'a-secret-of-your-own',
    description: 'Signs what is sent. Needed the first time; left out later, it stays as it is',
  })
  secret?: string;

  @ApiPropertyOptional({ enum: ALERT_EVENTS, isArray: true, description: 'All of them where it is left out' })
  @IsOptional()
  @IsArray()
  @ArrayNotEmpty()
  @ArrayUnique()
  @IsIn(ALERT_EVENTS, { each: true })
  events?: AlertEvent[];

  @ApiPropertyOptional({ type: AlertConditionsDto })
  @IsOptional()
  @ValidateNested()
  @Type(() => AlertConditionsDto)
  conditions?: AlertConditionsDto;

  @ChoiceField(['active', 'disabled'], { description: '`active` where it is left out' })
  status?: 'active' | 'disabled';
}

export const DEFAULT_CONDITIONS: AlertConditions = {
  error_rate: { percent: 10, minutes: 5, min_requests: 50 },
  server_errors: { count: 100, minutes: 5 },
  quota_threshold: { percent: 80 },
  sync_lag: { seconds: 10 },
  log_queue_pressure: { percent: 80 },
};

export class WebhookView extends ResourceView {
  @ApiProperty({ example: 'https://hooks.example.com/ez' })
  url!: string;

  @ApiProperty({ description: 'The end of the secret', example: '…n-ed' })
  hint!: string;

  @ApiProperty({ enum: ALERT_EVENTS, isArray: true })
  events!: AlertEvent[];

  @ApiProperty({ type: AlertConditionsDto, description: 'Those in force, defaults included' })
  conditions!: AlertConditions;

  @ApiProperty({ enum: ['active', 'disabled'] })
  status!: 'active' | 'disabled';
}

export const conditionsOf = ({ conditions }: Pick<Webhook, 'conditions'>): AlertConditions => ({
  ...DEFAULT_CONDITIONS,
  ...conditions,
});

export const toWebhookView = (row: Webhook): WebhookView => ({
  ...resourceView(row),
  url: row.url,
  hint: row.hint,
  events: row.events,
  conditions: conditionsOf(row),
  status: row.status,
});
