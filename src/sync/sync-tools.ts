import { Injectable } from '@nestjs/common';
import { Durability } from './durability.js';
import { Quarantine } from './quarantine.js';
import { RedisStore } from './redis-store.js';
import { ResourceReader } from './resource-reader.js';
import { SyncDatabase } from './sync-database.js';
import { SyncMetrics } from './sync-metrics.js';

/** What everybody on the road needs: where to read, what it means, where to write, and where to report what is broken. */
@Injectable()
export class SyncTools {
  constructor(
    readonly database: SyncDatabase,
    readonly reader: ResourceReader,
    readonly store: RedisStore,
    readonly quarantine: Quarantine,
    readonly metrics: SyncMetrics,
    readonly durability: Durability,
  ) {}
}
