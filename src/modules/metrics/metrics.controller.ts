import { Controller, Get, Header } from '@nestjs/common';
import { ApiOkResponse, ApiProduces, ApiTags } from '@nestjs/swagger';
import { Registry } from 'prom-client';
import { Metrics } from '../../common/metrics.js';
import { InternalRoute } from '../../http/access.js';

@ApiTags('internal')
@InternalRoute()
@Controller()
export class MetricsController {
  constructor(private readonly metrics: Metrics) {}

  @Get('internal/metrics')
  @Header('Content-Type', Registry.PROMETHEUS_CONTENT_TYPE)
  @Header('Cache-Control', 'no-store')
  @ApiProduces('text/plain')
  @ApiOkResponse({ schema: { type: 'string' }, description: 'Prometheus text format' })
  scrape(): Promise<string> {
    return this.metrics.expose();
  }
}
