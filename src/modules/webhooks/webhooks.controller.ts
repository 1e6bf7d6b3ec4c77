import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Page } from '../../common/page.js';
import { ApiGet, ApiList, ApiRemove, ApiUpdate } from '../../crud/api.js';
import { AdminRoute } from '../../http/access.js';
import { ApiProblems } from '../../http/openapi.js';
import { IdPipe } from '../../http/parameters.js';
import { DeliveryView, ListDeliveriesDto } from './deliveries.dto.js';
import { DeliveriesService } from './deliveries.service.js';
import { PutWebhookDto, toWebhookView, WebhookView } from './webhooks.dto.js';
import { WebhooksService } from './webhooks.service.js';

@ApiTags('webhook')
@AdminRoute('webhooks')
@Controller('admin/logs/webhook')
export class WebhooksController {
  constructor(
    private readonly webhooks: WebhooksService,
    private readonly deliveries: DeliveriesService,
  ) {}

  @Get()
  @ApiGet(WebhookView)
  async get(): Promise<WebhookView> {
    return toWebhookView(await this.webhooks.get());
  }

  @Put()
  @ApiUpdate(WebhookView)
  @ApiOperation({ summary: 'Say where alerts are sent', description: 'What is left out gets its default again' })
  async put(@Body() dto: PutWebhookDto): Promise<WebhookView> {
    return toWebhookView(await this.webhooks.put(dto));
  }

  @Delete()
  @ApiRemove(WebhookView)
  remove(): Promise<void> {
    return this.webhooks.remove();
  }

  @Post('test')
  @HttpCode(200)
  @ApiOperation({ summary: 'Send a test, and say what the receiver answered' })
  @ApiOkResponse({ type: DeliveryView })
  @ApiProblems(400, 404, 413, 415)
  test(): Promise<DeliveryView> {
    return this.deliveries.test();
  }

  @Get('deliveries')
  @ApiList(DeliveryView)
  list(@Query() query: ListDeliveriesDto): Promise<Page<DeliveryView>> {
    return this.deliveries.list(query);
  }

  @Get('deliveries/:id')
  @ApiGet(DeliveryView)
  delivery(@Param('id', IdPipe) id: number): Promise<DeliveryView> {
    return this.deliveries.get(id);
  }

  @Post('deliveries/:id/replay')
  @HttpCode(200)
  @ApiOperation({ summary: 'Deliver again, whatever became of it' })
  @ApiOkResponse({ type: DeliveryView })
  @ApiProblems(400, 404, 413, 415)
  replay(@Param('id', IdPipe) id: number): Promise<DeliveryView> {
    return this.deliveries.replay(id);
  }
}
