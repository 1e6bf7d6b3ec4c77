import { applyDecorators } from '@nestjs/common';
import { ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { ApiProblems } from '../../http/openapi.js';
import { StatsView } from './stats.view.js';

const LIMITS = 'At most 2 days by minute, 31 by hour and 366 by day. Up to date with every record that is stored';

export const ApiStats = (summary: string): MethodDecorator =>
  applyDecorators(ApiOperation({ summary, description: LIMITS }), ApiOkResponse({ type: StatsView }), ApiProblems(400));
