import { applyDecorators, Controller, Get, Header, Headers, Param, type StreamableFile } from '@nestjs/common';
import { ApiExtraModels, ApiOkResponse, ApiOperation, ApiTags, getSchemaPath } from '@nestjs/swagger';
import { AdminRoute, MasterRoute } from '../../http/access.js';
import { ApiProblems } from '../../http/openapi.js';
import { OwnMasterId } from '../../http/own-master-id.js';
import { IdPipe } from '../../http/parameters.js';
import { RealtimeView } from './realtime.dto.js';
import { RealtimeService } from './realtime.service.js';

const ApiRealtime = (summary: string): MethodDecorator =>
  applyDecorators(
    Header('Cache-Control', 'no-store'),
    ApiOperation({
      summary,
      description:
        'With `Accept: text/event-stream` the same as server-sent events, one a second. A stream ends after a minute, ' +
        'so that a credential that was taken away sees no more; an EventSource reconnects by itself',
    }),
    ApiExtraModels(RealtimeView),
    ApiOkResponse({
      content: {
        'application/json': { schema: { $ref: getSchemaPath(RealtimeView) } },
        'text/event-stream': {
          schema: { type: 'string' },
          example: 'event: realtime\ndata: {"master_id":7,"qps":5}\n\n',
        },
      },
    }),
  );

@ApiTags('realtime')
@AdminRoute('masters')
@Controller('admin/masters/:id/realtime')
export class RealtimeController {
  constructor(private readonly realtime: RealtimeService) {}

  @Get()
  @ApiRealtime('Show what a master does at this moment')
  @ApiProblems(400, 404)
  get(@Param('id', IdPipe) id: number, @Headers('accept') accept?: string): Promise<RealtimeView | StreamableFile> {
    return this.realtime.show(id, accept);
  }
}

@ApiTags('realtime')
@MasterRoute()
@Controller('v1/realtime')
export class OwnRealtimeController {
  constructor(private readonly realtime: RealtimeService) {}

  @Get()
  @ApiRealtime('Show what the master that asks does at this moment')
  get(@OwnMasterId() id: number, @Headers('accept') accept?: string): Promise<RealtimeView | StreamableFile> {
    return this.realtime.show(id, accept);
  }
}
