import { Logger } from '@nestjs/common';
import { Redis, type RedisOptions } from 'ioredis';
import type { RedisTarget } from '../config/redis-target.js';

/** A black-holed connection shows only by silence; reconnecting has to leave room for convergence within 2 s. */
const SILENCE_MS = 1_500;
const RECONNECT_MAX_MS = 200;

/**
 * Fails fast and never by exception of the process: a command that can't be sent, or that gets no answer, is rejected, and
 * whoever sent it decides. Nothing is queued or sent twice behind the caller's back.
 */
export function connectRedis(target: RedisTarget, connectionName: string): Redis {
  const redis = new Redis({
    ...address(target),
    db: target.db,
    username: target.username,
    password: target.password,
    connectionName,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    connectTimeout: SILENCE_MS,
    socketTimeout: SILENCE_MS,
    commandTimeout: 2 * SILENCE_MS,
    keepAlive: 1_000,
    retryStrategy: (attempt) => Math.min(attempt * 25, RECONNECT_MAX_MS),
  });
  logTransitions(redis, new Logger(`Redis ${connectionName}`));
  return redis;
}

function address({ mode, nodes, sentinel_master, tls }: RedisTarget): RedisOptions {
  const secure = tls ? {} : undefined;
  if (mode === 'cluster') throw new Error('EZ_REDIS_MODE=cluster: configuration cannot be kept in a Redis Cluster yet');
  if (mode === 'standalone') return { ...nodes[0], tls: secure };
  return {
    sentinels: nodes,
    name: sentinel_master,
    tls: secure,
    sentinelRetryStrategy: (attempt) => Math.min(attempt * 25, RECONNECT_MAX_MS),
    // A demoted master keeps its connections and refuses writes.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  };
}

/** One line when it goes and one when it comes back, however many attempts lie between. */
function logTransitions(redis: Redis, logger: Logger): void {
  let isDown = false;
  redis.on('ready', () => {
    if (isDown) logger.log('connected again');
    isDown = false;
  });
  redis.on('error', (error: Error) => {
    if (!isDown) logger.warn(`not reachable: ${error.message}`);
    isDown = true;
  });
}
