import { Controller, Get, Query, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { AdminRoute } from '../../http/access.js';
import { ApiProblems } from '../../http/openapi.js';
import { ApiExport } from './api-export.js';
import { LogExport } from './log-export.service.js';
import { LogSearch } from './log-search.service.js';
import { LogsPage, pageOfLogs, toLogView } from './log.view.js';
import { ExportLogsDto, filtersOf, ListLogsDto } from './logs.dto.js';

@ApiTags('access logs')
@AdminRoute('logs')
@Controller('admin/logs')
export class LogsController {
  constructor(
    private readonly logs: LogSearch,
    private readonly exports: LogExport,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Search access logs, newest first' })
  @ApiOkResponse({ type: LogsPage })
  @ApiProblems(400)
  async list(@Query() query: ListLogsDto): Promise<LogsPage> {
    return pageOfLogs(await this.logs.page(filtersOf(query), query.limit ?? 50, query.cursor), toLogView);
  }

  @Get('export')
  @ApiExport('Export access logs, newest first')
  export(@Query() query: ExportLogsDto, @Res() response: Response): Promise<void> {
    return this.exports.send(response, {
      filters: filtersOf(query),
      format: query.format ?? 'ndjson',
      toView: toLogView,
    });
  }
}
