import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { MasterRoute } from '../../http/access.js';
import { OwnMasterId } from '../../http/own-master-id.js';
import { ApiStats } from './api-stats.js';
import { OwnStatsQueryDto } from './stats.dto.js';
import { StatsService } from './stats.service.js';
import { type StatsView, toStatsView } from './stats.view.js';

@ApiTags('statistics')
@MasterRoute()
@Controller(['v1/stats', 'v1/logs/stats'])
export class OwnStatsController {
  constructor(private readonly stats: StatsService) {}

  @Get()
  @ApiStats('Requests, errors, tokens, cost and latencies of the master that asks')
  async read(@OwnMasterId() masterId: number, @Query() query: OwnStatsQueryDto): Promise<StatsView> {
    return toStatsView(await this.stats.readOwn(masterId, query));
  }
}
