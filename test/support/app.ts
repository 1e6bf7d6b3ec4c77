import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Redis } from 'ioredis';
import type { AddressInfo } from 'node:net';
import { DataSource } from 'typeorm';
import { createApp } from '../../src/app.setup.js';
import { loadConfig } from '../../src/config/load-config.js';
import { createLogger } from '../../src/http/logging.js';
import { createTestDatabase } from './database.js';
import { ADMIN_TOKEN, TEST_ENVIRONMENT } from './environment.js';
import { Http } from './http.js';
import { TOPOLOGIES, type Topology } from './topology.js';

export { ADMIN_TOKEN, INTERNAL_TOKEN } from './environment.js';

export interface TestApp {
  nest: NestExpressApplication;
  url: string;
  /** Calls as the operator. */
  admin: Http;
  /** Calls without a credential; `as(token)` gives one. */
  anyone: Http;
  db: DataSource;
  dsn: string;
  /** What a balancer reads. */
  redis: Redis;
  /** Lines that the application has logged. */
  logs: string[];
  /** Waits until Redis holds everything that is committed. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/**
 * The whole application on a database and a Redis of its own. `env` adds to or replaces its environment; `route` leads it to
 * its database another way; `open` gives it another Redis.
 */
export async function startApp(
  env: Record<string, string> = {},
  route = (dsn: string): string => dsn,
  open: () => Promise<Topology> = TOPOLOGIES.standalone,
): Promise<TestApp> {
  const [database, redis] = await Promise.all([createTestDatabase(), open()]);
  const config = loadConfig(
    {
      EZ_PG_DSN: route(database.dsn),
      ...redis.env,
      ...TEST_ENVIRONMENT,
      ...env,
    },
    '/nonexistent',
  );
  const logs: string[] = [];
  const logger = createLogger(config.log, { write: (line) => void logs.push(line) });
  const { app: nest } = await createApp(config, logger);
  await nest.listen(0, '127.0.0.1');
  const url = `http://127.0.0.1:${(nest.getHttpServer().address() as AddressInfo).port}`;
  const admin = new Http(url, ADMIN_TOKEN);
  return {
    nest,
    url,
    admin,
    anyone: new Http(url),
    db: nest.get(DataSource),
    dsn: database.dsn,
    redis: redis.client,
    logs,
    sync: () => untilApplied(nest.get(DataSource), redis.client),
    close: async () => {
      // As the server does at its end; a client may hold a connection open that it has not used yet.
      nest.getHttpServer().closeAllConnections();
      await nest.close();
      await redis.close();
      await database.drop();
    },
  };
}

const LONGEST_SYNC_MS = 60_000;

async function untilApplied(db: DataSource, redis: Redis): Promise<void> {
  const [head] = await db.query<{ gen: string; version: string }[]>('SELECT gen::text, version::text FROM sync_head');
  const deadline = Date.now() + LONGEST_SYNC_MS;
  while (Date.now() < deadline) {
    const [gen, version] = await redis.hmget('config:meta', 'gen', 'version').catch(() => []);
    if (gen === head!.gen && BigInt(version ?? '-1') >= BigInt(head!.version)) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`Redis did not reach ${head!.gen}.${head!.version} within ${LONGEST_SYNC_MS} ms`);
}
