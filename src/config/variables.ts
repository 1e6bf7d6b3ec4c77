import {
  autoSwitch,
  choice,
  cidr,
  host,
  hostPort,
  int,
  list,
  maskedText,
  optionalPath,
  origin,
  path,
  pgDsn,
  redisAddr,
  secret,
  secrets,
  switchType,
  text,
  token,
  type ValueType,
} from './value-types.js';

export interface Variable<T = unknown> {
  /** Name in the environment. */
  readonly env: string;
  readonly type: ValueType<T>;
  /** Written as in the environment, so that it goes through the same parser. */
  readonly fallback: string;
  /** One line for the example files. */
  readonly about: string;
}

function variable<T>(env: string, type: ValueType<T>, fallback: string, about: string): Variable<T> {
  return { env, type, fallback, about };
}

/**
 * Every variable there is, nested like the YAML file: `server.port` in the file is `EZ_API_PORT` in the environment.
 * The Config type, the parser, the example files and `print-config` all follow from this table.
 */
const TABLE = {
  server: {
    port: variable('EZ_API_PORT', int(0, 65_535), '8080', 'Port of the HTTP server; 0 takes any free one'),
    listen_host: variable('EZ_LISTEN_HOST', host, '127.0.0.1', 'Address to listen on; 0.0.0.0 for every interface'),
    data_dir: variable('EZ_DATA_DIR', path, './data', 'Folder of generated secrets and embedded servers'),
    cors_allow_origins: variable('EZ_CORS_ALLOW_ORIGINS', list(origin), '', 'Origins that browsers may call from'),
    trust_proxy_cidrs: variable('EZ_TRUST_PROXY_CIDRS', list(cidr), '', 'Proxies whose X-Forwarded-For is believed'),
    body_limit_bytes: variable('EZ_BODY_LIMIT_BYTES', int(1024, 67_108_864), '1048576', 'Largest request body'),
    swagger_enabled: variable('EZ_SWAGGER_ENABLED', autoSwitch, 'auto', 'Serve /swagger; auto: not in production'),
  },
  postgres: {
    dsn: variable('EZ_PG_DSN', pgDsn, '', 'PostgreSQL, as a URL or as "host=... user=..."; empty: an embedded server'),
    pool_size: variable('EZ_PG_POOL_SIZE', int(1, 500), '10', 'Connections that answer requests'),
  },
  redis: {
    addr: variable(
      'EZ_REDIS_ADDR',
      redisAddr,
      '',
      'host:port or redis[s]://..., of a cluster some nodes; empty: an embedded server',
    ),
    mode: variable(
      'EZ_REDIS_MODE',
      choice('standalone', 'sentinel', 'cluster'),
      'standalone',
      'Topology: standalone, sentinel or cluster',
    ),
    username: variable('EZ_REDIS_USERNAME', text, '', 'ACL user, if any'),
    password: variable('EZ_REDIS_PASSWORD', maskedText, '', 'Password, if any'),
    db: variable('EZ_REDIS_DB', int(0, 1023), '0', 'Database number'),
    tls: variable('EZ_REDIS_TLS', switchType, 'false', 'Connect with TLS, to sentinels too'),
    tls_ca_file: variable(
      'EZ_REDIS_TLS_CA_FILE',
      optionalPath,
      '',
      'Certificates to trust, PEM; empty: those of the system',
    ),
    tls_cert_file: variable(
      'EZ_REDIS_TLS_CERT_FILE',
      optionalPath,
      '',
      'Client certificate, PEM, if the servers want one',
    ),
    tls_key_file: variable('EZ_REDIS_TLS_KEY_FILE', optionalPath, '', 'Its private key, PEM'),
    sentinels: variable('EZ_REDIS_SENTINELS', list(hostPort(26_379)), '', 'Sentinels, with mode sentinel'),
    sentinel_master: variable('EZ_REDIS_SENTINEL_MASTER', text, '', 'Name of the master that the sentinels watch'),
    sentinel_username: variable('EZ_REDIS_SENTINEL_USERNAME', text, '', 'ACL user of the sentinels, if any'),
    sentinel_password: variable('EZ_REDIS_SENTINEL_PASSWORD', maskedText, '', 'Password of the sentinels, if any'),
  },
  cache_redis: {
    addr: variable('EZ_CACHE_REDIS_ADDR', redisAddr, '', 'Redis of sticky sessions; empty: the same as above'),
    password: variable('EZ_CACHE_REDIS_PASSWORD', maskedText, '', 'Password, if any'),
    db: variable('EZ_CACHE_REDIS_DB', int(0, 1023), '0', 'Database number'),
  },
  auth: {
    admin_token: variable('EZ_ADMIN_TOKEN', token, '', 'Opens /admin and /sync; empty: closed'),
    internal_token: variable('EZ_INTERNAL_TOKEN', token, '', 'Opens /internal and POST /logs; empty: closed'),
    jwt_secret: variable('EZ_JWT_SECRET', secret, '', 'Signs the tokens of /auth'),
    jwt_ttl_seconds: variable('EZ_JWT_TTL_SECONDS', int(60, 86_400), '3600', 'Lifetime of those tokens'),
  },
  encryption: {
    keys: variable(
      'EZ_ENCRYPTION_KEY',
      secrets,
      '',
      'Encrypts stored secrets: 32 bytes in hex or base64, or a passphrase; of several keys the first encrypts',
    ),
    dp_key: variable('EZ_DP_ENCRYPTION_KEY', secret, '', 'Encrypts upstream keys in Redis; empty: plain text there'),
  },
  outbound: {
    allow_http: variable('EZ_OUTBOUND_ALLOW_HTTP', switchType, 'false', 'Accept http:// in base URLs and webhooks'),
    allow_cidrs: variable('EZ_OUTBOUND_ALLOW_CIDRS', list(cidr), '', 'Private ranges that such URLs may point to'),
  },
  sync_outbox: {
    enabled: variable('EZ_SYNC_OUTBOX_ENABLED', switchType, 'true', 'Dispatch to Redis; false: leave it to replicas'),
    interval_seconds: variable('EZ_SYNC_OUTBOX_INTERVAL_SECONDS', int(1, 3600), '1', 'Poll behind the wake-ups'),
    batch_size: variable('EZ_SYNC_OUTBOX_BATCH_SIZE', int(1, 500), '500', 'Resources read at once'),
    max_retries: variable(
      'EZ_SYNC_OUTBOX_MAX_RETRIES',
      int(0, 1_000_000),
      '0',
      'Failures at which a resource that cannot be rendered raises the alarm, 0: the first; retries go on for ever',
    ),
    pg_pool_size: variable('EZ_SYNC_PG_POOL_SIZE', int(3, 100), '4', 'Connections of the dispatcher'),
  },
  canary: {
    enabled: variable('EZ_CANARY_ENABLED', switchType, 'false', 'Measure revocation with a synthetic key'),
    interval_seconds: variable('EZ_CANARY_INTERVAL_SECONDS', int(1, 86_400), '60', 'Time between its revocations'),
  },
  log: {
    level: variable(
      'EZ_LOG_LEVEL',
      choice('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'),
      'info',
      "Least severe line that is written to the server's own log",
    ),
    format: variable(
      'EZ_LOG_FORMAT',
      choice('auto', 'json', 'pretty'),
      'auto',
      'Lines of that log: json, pretty, or auto: pretty on a terminal',
    ),
    pg_dsn: variable('EZ_LOG_PG_DSN', pgDsn, '', 'PostgreSQL of the access logs; empty: the main database'),
    queue_capacity: variable('EZ_LOG_QUEUE', int(1, 1_000_000), '10000', 'Access log records that wait in memory'),
    batch_size: variable('EZ_LOG_BATCH_SIZE', int(1, 10_000), '500', 'Records that are written at once'),
    flush_ms: variable('EZ_LOG_FLUSH_MS', int(1, 60_000), '200', 'Longest wait of a record'),
    unknown_fields: variable(
      'EZ_LOG_UNKNOWN_FIELDS',
      choice('keep', 'refuse'),
      'keep',
      'Fields of records that EZ-API does not know: keep them in extra, or refuse the record',
    ),
    retention_days: variable('EZ_LOG_RETENTION_DAYS', int(1, 3650), '30', 'Days that records are kept'),
    max_records: variable('EZ_LOG_MAX_RECORDS', int(0, Number.MAX_SAFE_INTEGER), '0', 'Most records kept; 0: no cap'),
    partitioning: variable(
      'EZ_LOG_PARTITIONING',
      choice('day', 'month', 'off'),
      'day',
      'Partitions of the log table: day, month or off',
    ),
  },
  model_registry: {
    enabled: variable('EZ_MODEL_REGISTRY_ENABLED', switchType, 'false', 'Fetch the public model registry'),
    refresh_seconds: variable('EZ_MODEL_REGISTRY_REFRESH_SECONDS', int(60, 604_800), '1800', 'Time between fetches'),
    cache_dir: variable('EZ_MODEL_REGISTRY_CACHE_DIR', path, './data/model-registry', 'Folder of its last answer'),
  },
  quota: {
    reset_interval_seconds: variable('EZ_QUOTA_RESET_INTERVAL_SECONDS', int(1, 86_400), '300', 'Poll for due resets'),
  },
} as const;

type Table = typeof TABLE;
type ValueOf<V> = V extends Variable<infer T> ? T : never;

/** The parsed values, nested like the table. */
export type Values = {
  readonly [S in keyof Table]: { readonly [K in keyof Table[S]]: ValueOf<Table[S][K]> };
};

export interface Setting extends Variable {
  readonly section: string;
  readonly key: string;
  /** Spelling in the file: `section.key`. */
  readonly path: string;
}

/** The table as a list, in its order. */
export const SETTINGS: readonly Setting[] = Object.entries<Record<string, Variable>>(TABLE).flatMap(
  ([section, fields]) =>
    Object.entries(fields).map(([key, field]) => ({ ...field, section, key, path: `${section}.${key}` })),
);

const BY_ENV = new Map(SETTINGS.map((setting) => [setting.env, setting]));

/** Both spellings of a setting, for messages. */
export function label(env: string): string {
  return `${env} (${BY_ENV.get(env)?.path})`;
}

/** Other names that existing installations use. */
export const ALIASES: Readonly<Record<string, string>> = { EZ_INTERNAL_TOKEN: 'EZ_INTERNAL_STATS_TOKEN' };

export const CONFIG_FILE = 'EZ_CONFIG_FILE';

/** Required in production; elsewhere made at the first start. */
export const REQUIRED_SECRETS = ['EZ_ADMIN_TOKEN', 'EZ_INTERNAL_TOKEN', 'EZ_JWT_SECRET', 'EZ_ENCRYPTION_KEY'] as const;
