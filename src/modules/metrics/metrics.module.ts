import { Global, Module } from '@nestjs/common';
import { Metrics } from '../../common/metrics.js';
import { ApiKeysModule } from '../api-keys/api-keys.module.js';
import { MetricsController } from './metrics.controller.js';
import { PgPools } from './pg-pools.service.js';
import { ServiceMetrics } from './service-metrics.js';

@Global()
@Module({
  imports: [ApiKeysModule],
  controllers: [MetricsController],
  providers: [Metrics, PgPools, ServiceMetrics],
  exports: [Metrics, PgPools],
})
export class MetricsModule {}
