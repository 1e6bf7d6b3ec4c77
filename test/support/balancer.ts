import { Redis } from 'ioredis';
import { Reader, type ReaderOptions } from '../../clients/reader/reader.js';
import type { Json } from './http.js';
import type { TestApp } from './app.js';

export interface TestBalancer {
  reader: Reader;
  /** Ends it as kill -9 would: what it said last stays until it expires. */
  vanish(): Promise<void>;
  close(): Promise<void>;
}

type Served = Pick<TestApp, 'redis'>;

/** A balancer on the Redis of an application, by the reference reader. `options` may lead it there another way. */
export function startBalancer(app: Served, node: string, options: Partial<ReaderOptions> = {}): TestBalancer {
  const { host, port, password, db } = app.redis.options;
  const connect = (): Redis => {
    const redis = new Redis({ host, port, password, db, commandTimeout: 2_000, maxRetriesPerRequest: 0 });
    redis.on('error', () => undefined);
    return redis;
  };
  const redis = options.redis ?? connect();
  const subscriber = options.subscriber ?? connect();
  const reader = new Reader({ node, software: 'test-balancer/1', pollMs: 100, ...options, redis, subscriber });
  reader.start();
  const disconnect = (): void => {
    redis.disconnect();
    subscriber.disconnect();
  };
  return {
    reader,
    async vanish() {
      disconnect();
      await reader.stop();
    },
    async close() {
      await reader.stop();
      disconnect();
    },
  };
}

/** What a balancer reads of an API key; null if nothing is there. */
export const providerIn = async ({ redis }: TestApp, id: number): Promise<Json> =>
  JSON.parse((await redis.hget('config:providers', String(id))) ?? 'null');

/** What a balancer reads of a public model; null if nothing is there. */
export const bindingIn = async (
  { redis }: TestApp,
  { namespace, public_model }: { namespace: string; public_model: string },
): Promise<Json> => JSON.parse((await redis.hget('config:bindings', `${namespace}.${public_model}`)) ?? 'null');
