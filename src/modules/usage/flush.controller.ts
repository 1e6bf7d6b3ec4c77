import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiHeader, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { InternalRoute } from '../../http/access.js';
import { ApiProblems } from '../../http/openapi.js';
import { toBatch } from './batch.js';
import { FlushedUsageView, FlushUsageDto } from './flush.dto.js';
import { UsageService } from './usage.service.js';

@ApiTags('internal')
@InternalRoute()
@Controller('internal/stats')
export class FlushController {
  constructor(private readonly usage: UsageService) {}

  @Post('flush')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Settle what a balancer has counted',
    description:
      'Counted when it is answered 200, and not counted when it is answered 429. After 503 or no answer it may have been: send the same ' +
      'batch under the same `batch_id` again. That counts once, for at least 7 days, however often it is sent',
  })
  @ApiHeader({ name: 'Idempotency-Key', required: false, schema: { type: 'string', minLength: 1, maxLength: 255 } })
  @ApiOkResponse({ type: FlushedUsageView })
  @ApiProblems(400, 409, 413, 415)
  flush(@Body() dto: FlushUsageDto): Promise<FlushedUsageView> {
    return this.usage.settle(toBatch(dto), 'http');
  }
}
