import { Injectable } from '@nestjs/common';
import type { Pool } from 'pg';
import { Counter, Gauge } from 'prom-client';
import { DataSource } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { Metrics } from '../../common/metrics.js';
import { SignInLimiter } from '../../http/sign-in-limiter.js';
import { ApiKeysService } from '../api-keys/api-keys.service.js';
import { PgPools } from './pg-pools.service.js';

/** What others know already, and only have to be asked for. */
@Injectable()
export class ServiceMetrics {
  constructor(
    private readonly metrics: Metrics,
    limiter: SignInLimiter,
    apiKeys: ApiKeysService,
    pools: PgPools,
    database: DataSource,
  ) {
    this.signInFailures(limiter);
    this.undecryptableSecrets(apiKeys);
    pools.watch('requests', () => (database.driver as PostgresDriver).master as Pool);
  }

  private signInFailures(limiter: SignInLimiter): void {
    const failures = new Counter({
      name: 'ez_sign_in_failures_total',
      help: 'Credentials that were wrong',
      registers: [this.metrics.registry],
    });
    this.metrics.beforeScrape(() => {
      failures.reset();
      failures.inc(limiter.failures);
    });
  }

  private undecryptableSecrets(apiKeys: ApiKeysService): void {
    const secrets = new Gauge({
      name: 'ez_undecryptable_secrets',
      help: 'Upstream secrets that no configured key opens',
      registers: [this.metrics.registry],
    });
    secrets.remove(); // It is not 0 while nobody has counted.
    this.metrics.beforeScrape(async () => secrets.set(await apiKeys.undecryptable()));
  }
}
