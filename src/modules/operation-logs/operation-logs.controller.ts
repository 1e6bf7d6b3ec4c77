import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Page } from '../../common/page.js';
import { ApiGet, ApiList } from '../../crud/api.js';
import { IdPipe } from '../../http/parameters.js';
import { pageView } from '../../crud/resource-view.js';
import { AdminRoute } from '../../http/access.js';
import { ListOperationLogsDto, OperationLogView, toOperationLogView } from './operation-logs.dto.js';
import { OperationLogsService } from './operation-logs.service.js';

@ApiTags('operation logs')
@AdminRoute('operation-logs')
@Controller('admin/operation-logs')
export class OperationLogsController {
  constructor(private readonly logs: OperationLogsService) {}

  @Get()
  @ApiList(OperationLogView)
  async list(@Query() query: ListOperationLogsDto): Promise<Page<OperationLogView>> {
    return pageView(await this.logs.list(query), toOperationLogView);
  }

  @Get(':id')
  @ApiGet(OperationLogView)
  async get(@Param('id', IdPipe) id: number): Promise<OperationLogView> {
    return toOperationLogView(await this.logs.get(id));
  }
}
