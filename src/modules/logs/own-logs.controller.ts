import { Controller, Get, Query, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { MasterRoute } from '../../http/access.js';
import { ApiProblems } from '../../http/openapi.js';
import { OwnMasterId } from '../../http/own-master-id.js';
import { ApiExport } from './api-export.js';
import { LogExport } from './log-export.service.js';
import { LogSearch } from './log-search.service.js';
import { OwnLogsPage, pageOfLogs, toOwnLogView } from './log.view.js';
import { ExportOwnLogsDto, filtersOf, ListOwnLogsDto } from './logs.dto.js';

@ApiTags('self')
@MasterRoute()
@Controller('v1/logs')
export class OwnLogsController {
  constructor(
    private readonly logs: LogSearch,
    private readonly exports: LogExport,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Search own access logs, newest first' })
  @ApiOkResponse({ type: OwnLogsPage })
  @ApiProblems(400)
  async list(@OwnMasterId() master_id: number, @Query() query: ListOwnLogsDto): Promise<OwnLogsPage> {
    const filters = filtersOf(query, { master_id });
    return pageOfLogs(await this.logs.page(filters, query.limit ?? 50, query.cursor), toOwnLogView);
  }

  @Get('export')
  @ApiExport('Export own access logs, newest first')
  export(@OwnMasterId() master_id: number, @Query() query: ExportOwnLogsDto, @Res() response: Response): Promise<void> {
    return this.exports.send(response, {
      master_id,
      filters: filtersOf(query, { master_id }),
      format: query.format ?? 'ndjson',
      toView: toOwnLogView,
    });
  }
}
