import { applyDecorators, Controller, Post, Query, Req, Res } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiBody,
  ApiConsumes,
  ApiExtraModels,
  ApiHeader,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
  getSchemaPath,
} from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { InternalRoute } from '../../http/access.js';
import { OwnIdempotency } from '../../http/idempotency.js';
import { ApiProblems } from '../../http/openapi.js';
import { JSON_TYPE, NDJSON_TYPE } from './ingest-body.js';
import { IngestQueryDto, IngestView, LogBatchDto, LogRecordDto } from './ingest.dto.js';
import { IngestService } from './ingest.service.js';

const RECORD = { $ref: getSchemaPath(LogRecordDto) };

const ApiIngest = (summary: string): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      summary,
      description:
        'One record, a list, `{batch_id, node, records}`, or one record a line (NDJSON); up to 1,000 records and 1 MiB, ' +
        'also compressed. A wrong record is reported by its index and does not keep the others out; a body that is no ' +
        'batch changes nothing. 429: the queue is full, and nothing of the batch was taken',
    }),
    ApiConsumes(JSON_TYPE, NDJSON_TYPE),
    ApiHeader({ name: 'Content-Encoding', required: false, schema: { enum: ['gzip', 'deflate', 'br', 'identity'] } }),
    ApiExtraModels(LogRecordDto, LogBatchDto),
    ApiBody({
      schema: { oneOf: [RECORD, { type: 'array', items: RECORD }, { $ref: getSchemaPath(LogBatchDto) }] },
    }),
    ApiOkResponse({ type: IngestView, description: 'With `durable=true`: committed' }),
    ApiAcceptedResponse({ type: IngestView, description: 'In memory, written within moments' }),
    ApiProblems(400, 408, 409, 413, 415),
  );

@ApiTags('access logs')
@InternalRoute()
@OwnIdempotency()
@Controller()
export class IngestController {
  constructor(private readonly logs: IngestService) {}

  @Post('internal/logs')
  @ApiIngest('Take in access log records')
  ingest(
    @Req() request: Request,
    @Query() query: IngestQueryDto,
    @Res({ passthrough: true }) response: Response,
  ): Promise<IngestView> {
    response.status(query.durable ? 200 : 202);
    return this.logs.ingest(request, query);
  }

  @Post('logs')
  @ApiTags('early names')
  @ApiIngest('Take in access log records, early name')
  ingestEarly(
    @Req() request: Request,
    @Query() query: IngestQueryDto,
    @Res({ passthrough: true }) response: Response,
  ): Promise<IngestView> {
    return this.ingest(request, query, response);
  }
}
