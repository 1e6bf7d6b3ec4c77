import { Logger } from '@nestjs/common';
import { Cluster, Redis, type ClusterOptions, type RedisOptions } from 'ioredis';
import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import type { RedisTarget } from '../config/redis-target.js';

/** One server, the master that sentinels name, or all masters of a cluster: the same commands, a key deciding where to. */
export type RedisClient = Redis | Cluster;

/** A black-holed connection shows only by silence; reconnecting has to leave room for convergence within 2 s. */
const SILENCE_MS = 1_500;
const RECONNECT_MAX_MS = 200;
/** A cluster tells nobody when it moves slots, or when a replica takes over. */
const LOOK_AROUND_MS = 500;

const retryStrategy = (attempt: number): number => Math.min(attempt * 25, RECONNECT_MAX_MS);

/**
 * Fails fast and never by exception of the process: a command that can't be sent, or that gets no answer, is rejected, and
 * whoever sent it decides. Nothing is queued or sent twice behind the caller's back.
 */
export function connectRedis(target: RedisTarget, connectionName: string): RedisClient {
  const logger = new Logger(`Redis ${connectionName}`);
  const common: RedisOptions = {
    username: target.username,
    password: target.password,
    tls: target.tls ? tlsOptions(target) : undefined,
    connectionName,
    // Servers before 7.2 do not know it, and a user may lack the right.
    disableClientInfo: true,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    connectTimeout: SILENCE_MS,
    socketTimeout: SILENCE_MS,
    commandTimeout: 2 * SILENCE_MS,
    keepAlive: 1_000,
  };
  if (target.mode === 'cluster') return connectCluster(target, common, logger);
  const redis = new Redis({
    ...common,
    ...(target.mode === 'sentinel' ? throughSentinels(target, common) : target.nodes[0]),
    db: target.db,
    enableOfflineQueue: false,
    retryStrategy,
  });
  logTransitions(redis, logger);
  return redis;
}

function throughSentinels(target: RedisTarget, { tls }: RedisOptions): RedisOptions {
  return {
    sentinels: target.nodes,
    name: target.sentinel_master,
    sentinelUsername: target.sentinel_username,
    sentinelPassword: target.sentinel_password,
    sentinelTLS: tls,
    enableTLSForSentinelMode: tls !== undefined,
    sentinelRetryStrategy: retryStrategy,
    sentinelCommandTimeout: SILENCE_MS,
    // A demoted master keeps its connections and refuses writes.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  };
}

function connectCluster({ nodes }: RedisTarget, redisOptions: RedisOptions, logger: Logger): Cluster {
  const options: ClusterOptions = {
    redisOptions,
    enableOfflineQueue: false,
    // With a dead shard the others are still of use.
    enableReadyCheck: false,
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    retryDelayOnTryAgain: 25,
    slotsRefreshInterval: LOOK_AROUND_MS,
    slotsRefreshTimeout: SILENCE_MS,
    clusterRetryStrategy: retryStrategy,
    clusterNodeRetryStrategy: retryStrategy,
    // The name is what a certificate speaks of; the connection resolves it.
    dnsLookup: (address, callback) => callback(null, address),
  };
  const cluster = new Cluster(nodes, options);
  cluster.on('+node', (node: Redis) => logTransitions(node, logger, ` (${node.options.host}:${node.options.port})`));
  cluster.on('error', () => undefined); // Each node tells of itself.
  return cluster;
}

function tlsOptions({ tls_files: { ca, cert, key } = {} }: RedisTarget): ConnectionOptions {
  const read = (file: string | undefined): Buffer | undefined => (file === undefined ? undefined : readFileSync(file));
  return { ca: read(ca), cert: read(cert), key: read(key) };
}

/** One line when it goes and one when it comes back, however many attempts lie between. */
function logTransitions(redis: Redis, logger: Logger, which = ''): void {
  let isDown = false;
  redis.on('ready', () => {
    if (isDown) logger.log(`connected again${which}`);
    isDown = false;
  });
  redis.on('error', (error: Error) => {
    if (!isDown) logger.warn(`not reachable${which}: ${error.message}`);
    isDown = true;
  });
}
