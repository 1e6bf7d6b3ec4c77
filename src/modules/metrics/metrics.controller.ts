import { Controller, Get, Header } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
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
  @ApiOperation({
    summary: 'Say how this process is doing, to Prometheus',
    description: 'Within two seconds: what PostgreSQL or Redis cannot tell by then keeps its last value',
  })
  @ApiProduces('text/plain')
  @ApiOkResponse({ schema: { type: 'string' }, description: 'The text format of Prometheus' })
  scrape(): Promise<string> {
    return this.metrics.expose();
  }
}
