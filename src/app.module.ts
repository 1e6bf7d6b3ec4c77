import { type DynamicModule, Module } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { ScheduleModule } from '@nestjs/schedule';
import { TypeOrmModule } from '@nestjs/typeorm';
import type { Config } from './config/config.js';
import { ConfigModule } from './config/config.module.js';
import { dataSourceOptions } from './data-source.js';
import { DrainModule } from './http/drain.module.js';
import { EtagInterceptor } from './http/etag.interceptor.js';
import { HttpAuthModule } from './http/auth/http-auth.module.js';
import { IdempotencyInterceptor } from './http/idempotency.interceptor.js';
import { IdempotencyStore } from './http/idempotency.store.js';
import { IdempotencySweeper } from './http/idempotency.sweeper.js';
import { ReceiptInterceptor } from './http/receipt.interceptor.js';
import { AdminTokensModule } from './modules/admin-tokens/admin-tokens.module.js';
import { ApiKeysModule } from './modules/api-keys/api-keys.module.js';
import { AuthModule } from './modules/auth/auth.module.js';
import { BindingsModule } from './modules/bindings/bindings.module.js';
import { ExplainModule } from './modules/explain/explain.module.js';
import { FeaturesModule } from './modules/features/features.module.js';
import { HealthModule } from './modules/health/health.module.js';
import { KeysModule } from './modules/keys/keys.module.js';
import { LogsModule } from './modules/logs/logs.module.js';
import { MastersModule } from './modules/masters/masters.module.js';
import { MetricsModule } from './modules/metrics/metrics.module.js';
import { ModelsModule } from './modules/models/models.module.js';
import { NamespacesModule } from './modules/namespaces/namespaces.module.js';
import { OperationLogsModule } from './modules/operation-logs/operation-logs.module.js';
import { ProviderGroupsModule } from './modules/provider-groups/provider-groups.module.js';
import { RealtimeModule } from './modules/realtime/realtime.module.js';
import { SelfModule } from './modules/self/self.module.js';
import { StatsModule } from './modules/stats/stats.module.js';
import { LogDatabaseModule } from './log-database/log-database.module.js';
import { WebhooksModule } from './modules/webhooks/webhooks.module.js';
import { OutboxModule } from './outbox/outbox.module.js';
import { RedisModule } from './redis/redis.module.js';
import { SyncModule } from './sync/sync.module.js';

const INFRASTRUCTURE = [
  ScheduleModule.forRoot(),
  DrainModule,
  LogDatabaseModule,
  OutboxModule,
  RedisModule,
  HttpAuthModule,
  SyncModule,
  MetricsModule,
  WebhooksModule,
];

const RESOURCES = [
  AdminTokensModule,
  ApiKeysModule,
  BindingsModule,
  FeaturesModule,
  KeysModule,
  MastersModule,
  ModelsModule,
  NamespacesModule,
  OperationLogsModule,
  ProviderGroupsModule,
];

const VIEWS = [AuthModule, ExplainModule, HealthModule, LogsModule, RealtimeModule, SelfModule, StatsModule];

/** From the outside in: the receipt is written when the answer is stored and the transaction committed. */
const INTERCEPTORS = [EtagInterceptor, ReceiptInterceptor, IdempotencyInterceptor];

@Module({})
export class AppModule {
  static forRoot(config: Config): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.forRoot(config),
        TypeOrmModule.forRoot({ ...dataSourceOptions(config), retryAttempts: 10, retryDelay: 500 }),
        ...INFRASTRUCTURE,
        ...RESOURCES,
        ...VIEWS,
      ],
      providers: [
        IdempotencyStore,
        IdempotencySweeper,
        ...INTERCEPTORS.map((useClass) => ({ provide: APP_INTERCEPTOR, useClass })),
      ],
    };
  }
}
