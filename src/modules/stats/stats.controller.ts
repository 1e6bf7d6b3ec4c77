import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { AdminRoute } from '../../http/access.js';
import { ApiStats } from './api-stats.js';
import { StatsQueryDto } from './stats.dto.js';
import { StatsService } from './stats.service.js';
import { type StatsView, toStatsView } from './stats.view.js';

@ApiTags('statistics')
@AdminRoute('stats')
@Controller('admin/stats')
export class StatsController {
  constructor(private readonly stats: StatsService) {}

  @Get()
  @ApiStats('Requests, errors, tokens, cost and latencies of everybody')
  async read(@Query() query: StatsQueryDto): Promise<StatsView> {
    return toStatsView(await this.stats.read(query));
  }
}
