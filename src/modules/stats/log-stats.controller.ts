import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { AdminRoute } from '../../http/access.js';
import { ApiStats } from './api-stats.js';
import { StatsQueryDto } from './stats.dto.js';
import { StatsService } from './stats.service.js';
import { type StatsView, toStatsView } from './stats.view.js';

/** For tokens that may read logs, from which the same could be counted. */
@ApiTags('statistics')
@AdminRoute('logs')
@Controller('admin/logs/stats')
export class LogStatsController {
  constructor(private readonly stats: StatsService) {}

  @Get()
  @ApiStats('The same as /admin/stats, under the scope of the logs')
  async read(@Query() query: StatsQueryDto): Promise<StatsView> {
    return toStatsView(await this.stats.read(query));
  }
}
