import { Module } from '@nestjs/common';
import { Compactor } from './compactor.js';
import { ErrorAlerts } from './error-alerts.js';
import { LogStatsController } from './log-stats.controller.js';
import { OwnStatsController } from './own-stats.controller.js';
import { RollupMetrics } from './rollup-metrics.js';
import { RollupRetention } from './rollup-retention.js';
import { StatsController } from './stats.controller.js';
import { StatsService } from './stats.service.js';

@Module({
  controllers: [LogStatsController, OwnStatsController, StatsController],
  providers: [Compactor, ErrorAlerts, RollupMetrics, RollupRetention, StatsService],
})
export class StatsModule {}
