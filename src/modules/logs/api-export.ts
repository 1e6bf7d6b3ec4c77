import { applyDecorators } from '@nestjs/common';
import { ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { ApiProblems } from '../../http/openapi.js';

const TEXT = { schema: { type: 'string' as const } };

export const ApiExport = (summary: string): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      summary,
      description:
        'Streamed, as fast as it is read and for 15 minutes at most; cut off when it ends early, or when 1,000 ' +
        'records are not read within 30 seconds. A master may run one at a time. In CSV what a table ' +
        'would take for a formula has a quote in front',
    }),
    ApiOkResponse({
      description: 'One record a line',
      content: { 'application/x-ndjson': TEXT, 'text/csv': TEXT },
    }),
    ApiProblems(400),
  );
