import type { Config } from './config.js';
import { type HostPort, parseHostPort, parseRedisAddr } from './redis-addr.js';

/** How to reach one Redis: everything a client needs, wherever it was said. */
export interface RedisTarget {
  mode: 'standalone' | 'sentinel' | 'cluster';
  /** The server; with sentinel the sentinels; with cluster the nodes to ask first. */
  nodes: HostPort[];
  /** With sentinel: the name they watch. */
  sentinel_master?: string;
  username?: string;
  password?: string;
  db: number;
  tls: boolean;
  /** PEM files, where something else than the trust of the system counts, or a certificate is asked for. */
  tls_files?: { ca?: string; cert?: string; key?: string };
  /** What the sentinels ask for, which isn't what the servers ask for. */
  sentinel_username?: string;
  sentinel_password?: string;
}

/** The Redis that holds the configuration, or undefined where none is configured. */
export function configRedis({ redis }: Config): RedisTarget | undefined {
  if (redis.mode === 'sentinel') {
    return {
      ...credentials(redis),
      ...tlsFiles(redis),
      mode: 'sentinel',
      nodes: redis.sentinels.map((sentinel) => parseHostPort(sentinel, 26_379)),
      sentinel_master: redis.sentinel_master,
      ...(redis.sentinel_username && { sentinel_username: redis.sentinel_username }),
      ...(redis.sentinel_password && { sentinel_password: redis.sentinel_password }),
    };
  }
  return redis.addr === '' ? undefined : { ...server(redis), ...tlsFiles(redis), mode: redis.mode };
}

/** The Redis of sticky sessions: the same as the configuration's unless it has an address of its own. */
export function cacheRedis(config: Config): RedisTarget | undefined {
  if (config.cache_redis.addr === '') return configRedis(config);
  return { ...server({ ...config.cache_redis, username: '', tls: false }), mode: 'standalone' };
}

type Server = Pick<Config['redis'], 'addr' | 'username' | 'password' | 'db' | 'tls'>;

/** An address and the variables beside it never contradict each other: loadConfig refuses that. */
function server(fields: Server): Omit<RedisTarget, 'mode'> {
  const address = parseRedisAddr(fields.addr);
  return { ...credentials(fields), ...address, tls: fields.tls || address.tls };
}

function tlsFiles({ tls_ca_file: ca, tls_cert_file: cert, tls_key_file: key }: Config['redis']): Partial<RedisTarget> {
  return ca || cert ? { tls_files: { ...(ca && { ca }), ...(cert && { cert, key }) } } : {};
}

function credentials({ username, password, db, tls }: Omit<Server, 'addr'>): Omit<RedisTarget, 'mode' | 'nodes'> {
  return { ...(username && { username }), ...(password && { password }), db, tls };
}
