import { Global, Module } from '@nestjs/common';
import { Config } from '../config/config.js';
import { Propagation } from '../http/receipt.js';
import type { RedisClient } from '../redis/redis-client.js';
import { CONFIG_REDIS } from '../redis/redis.module.js';
import { KeysModule } from '../modules/keys/keys.module.js';
import { MastersModule } from '../modules/masters/masters.module.js';
import { AppliedWait } from './applied-wait.js';
import { Canary } from './canary.js';
import { CanaryKey } from './canary-key.js';
import { storeFor } from './cluster-store.js';
import { Convergence } from './convergence.js';
import { Denials } from './denials.js';
import { AckStore } from './data-planes/ack-store.js';
import { AckWatch } from './data-planes/ack-watch.js';
import { DataPlaneGauges } from './data-planes/data-plane-gauges.js';
import { DataPlaneReports } from './data-planes/data-plane-reports.js';
import { DataPlanes } from './data-planes/data-planes.js';
import { DataPlaneSearch } from './data-planes/data-plane-search.js';
import { Dispatcher } from './dispatcher.js';
import { DispatcherHealth } from './dispatcher-health.js';
import { Durability } from './durability.js';
import { Guard } from './guard.js';
import { HeldReader } from './held-reader.js';
import { Holds } from './holds.js';
import { Increment } from './increment.js';
import { LagAlerts } from './lag-alerts.js';
import { Leadership } from './leadership.js';
import { MarkerWatch } from './marker-watch.js';
import { Quarantine } from './quarantine.js';
import { ReconcileReports } from './reconcile-reports.js';
import { Reconciler } from './reconciler.js';
import { RedisStore } from './redis-store.js';
import { ResourceReader } from './resource-reader.js';
import { createSources } from './sources.js';
import { SyncController } from './sync.controller.js';
import { StreamGate } from './stream-gate.js';
import { SyncDatabase } from './sync-database.js';
import { SyncGauges } from './sync-gauges.js';
import { SyncMetrics } from './sync-metrics.js';
import { SyncRequests } from './sync-requests.js';
import { SyncService } from './sync.service.js';
import { SyncTools } from './sync-tools.js';

@Global()
@Module({
  imports: [KeysModule, MastersModule],
  controllers: [SyncController],
  providers: [
    { provide: RedisStore, useFactory: (redis: RedisClient) => storeFor(redis), inject: [CONFIG_REDIS] },
    {
      provide: ResourceReader,
      useFactory: (config: Config) => new ResourceReader(createSources(config), config.sync_outbox.batch_size),
      inject: [Config],
    },
    { provide: Propagation, useExisting: AppliedWait },
    AckStore,
    AckWatch,
    AppliedWait,
    Canary,
    CanaryKey,
    Convergence,
    Denials,
    DataPlaneGauges,
    DataPlaneReports,
    DataPlanes,
    DataPlaneSearch,
    Dispatcher,
    DispatcherHealth,
    Durability,
    Guard,
    HeldReader,
    Holds,
    Increment,
    LagAlerts,
    Leadership,
    MarkerWatch,
    Quarantine,
    ReconcileReports,
    Reconciler,
    StreamGate,
    SyncDatabase,
    SyncGauges,
    SyncMetrics,
    SyncRequests,
    SyncService,
    SyncTools,
  ],
  exports: [Propagation],
})
export class SyncModule {}
