import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { CONFIGURATION, LOGS, schemaState } from '../../database/migrate.js';
import { LogDatabase } from '../../log-database/log-database.js';
import type { RedisClient } from '../../redis/redis-client.js';
import { CONFIG_REDIS } from '../../redis/redis.module.js';
import { ApiKeysService } from '../api-keys/api-keys.service.js';
import type { HealthView } from './health.dto.js';

/** Whoever asks for health will not wait longer for it. */
const PATIENCE_MS = 2_000;

/** Anyone may ask, so asking more often must not cost more. */
const LASTS_MS = 1_000;

@Injectable()
export class HealthService {
  private looked?: { view: Promise<HealthView>; until: number };

  constructor(
    private readonly database: DataSource,
    private readonly apiKeys: ApiKeysService,
    private readonly logs: LogDatabase,
    @Inject(CONFIG_REDIS) private readonly redis: RedisClient,
  ) {}

  /** One look for all who ask while it is taken and within a second of its end. */
  check(): Promise<HealthView> {
    if (this.looked && Date.now() < this.looked.until) return this.looked.view;
    const looked = { view: this.look(), until: Infinity };
    looked.view.finally(() => (looked.until = Date.now() + LASTS_MS)).catch(() => undefined);
    this.looked = looked;
    return looked.view;
  }

  private async look(): Promise<HealthView> {
    const [schema, redis, logs] = await Promise.all([
      within(this.schema()),
      within(this.redis.ping().then(() => 'up' as const)),
      within(schemaState(this.logs.reads, LOGS)),
    ]);
    const areLogsUp = logs?.missing.length === 0;
    const undecryptable_secrets = schema === 'expected' ? ((await within(this.apiKeys.undecryptable())) ?? null) : null;
    const isDown = schema !== 'expected';
    const isDegraded = redis !== 'up' || !areLogsUp || undecryptable_secrets !== 0;
    return {
      status: isDown ? 'down' : isDegraded ? 'degraded' : 'ok',
      postgres: schema === undefined ? 'down' : 'up',
      schema: schema ?? 'unknown',
      redis: redis ?? 'down',
      logs: areLogsUp ? 'up' : 'down',
      undecryptable_secrets,
    };
  }

  private async schema(): Promise<'expected' | 'older' | 'newer'> {
    const { missing, unknown } = await schemaState(
      { query: async (sql) => ({ rows: await this.database.query(sql) }) },
      CONFIGURATION,
    );
    if (missing.length > 0) return 'older';
    return unknown.length > 0 ? 'newer' : 'expected';
  }
}

/** Undefined for what fails or takes too long: to the one who asks, both are the same. */
async function within<T>(work: Promise<T>): Promise<T | undefined> {
  const timer = AbortSignal.timeout(PATIENCE_MS);
  const late = new Promise<undefined>((resolve) => {
    timer.addEventListener('abort', () => resolve(undefined), { once: true });
  });
  return Promise.race([work.catch(() => undefined), late]);
}
