import { accessSync, constants } from 'node:fs';
import type { Config } from './config.js';
import type { Mistakes } from './mistakes.js';
import { parsePgDsn } from './pg-dsn.js';
import { parseRedisAddr, type RedisAddress } from './redis-addr.js';
import { label } from './variables.js';

type Complain = (env: string, message: string) => void;

/** What no value shows by itself: values that contradict each other, and what production refuses. */
export function checkRules(config: Config, mistakes: Mistakes): void {
  const complain: Complain = (env, message) => mistakes.add(env, `${label(env)}: ${message}`);
  checkTopology(config, complain);
  checkTls(config, complain);
  checkContradictions(config, complain);
  if (config.production) {
    checkSecrets(config, complain);
    checkPasswords(config, complain);
    checkExposure(config, complain);
  }
}

function checkTopology({ redis, cache_redis }: Config, complain: Complain): void {
  const isSentinel = redis.mode === 'sentinel';
  const sentinelFields = [
    ['EZ_REDIS_SENTINELS', redis.sentinels.length > 0],
    ['EZ_REDIS_SENTINEL_MASTER', redis.sentinel_master !== ''],
  ] as const;
  for (const [env, isSet] of sentinelFields) {
    if (isSentinel && !isSet) complain(env, 'missing; EZ_REDIS_MODE=sentinel needs it');
    if (!isSentinel && isSet) complain(env, 'only read with EZ_REDIS_MODE=sentinel');
  }
  if (!isSentinel && redis.sentinel_username + redis.sentinel_password !== '')
    complain('EZ_REDIS_SENTINEL_PASSWORD', 'only read with EZ_REDIS_MODE=sentinel');
  if (isSentinel && redis.addr !== '')
    complain('EZ_REDIS_ADDR', 'not read with EZ_REDIS_MODE=sentinel; leave it empty');
  if (redis.mode !== 'cluster' && addressOf(redis.addr).nodes.length > 1) {
    complain('EZ_REDIS_ADDR', 'several addresses are only read with EZ_REDIS_MODE=cluster');
  }
  if (addressOf(cache_redis.addr).nodes.length > 1) complain('EZ_CACHE_REDIS_ADDR', 'expected one address');
  if (redis.mode === 'cluster' && (addressOf(redis.addr).db ?? redis.db) !== 0) {
    complain('EZ_REDIS_DB', 'a cluster has only database 0');
  }
}

function checkTls({ redis }: Config, complain: Complain): void {
  const files = [
    ['EZ_REDIS_TLS_CA_FILE', redis.tls_ca_file],
    ['EZ_REDIS_TLS_CERT_FILE', redis.tls_cert_file],
    ['EZ_REDIS_TLS_KEY_FILE', redis.tls_key_file],
  ] as const;
  for (const [env, file] of files) {
    if (file === '') continue;
    if (!redis.tls && !addressOf(redis.addr).tls) complain(env, 'only read with EZ_REDIS_TLS=true');
    else if (!isReadable(file)) complain(env, 'cannot be read');
  }
  if ((redis.tls_cert_file === '') !== (redis.tls_key_file === ''))
    complain('EZ_REDIS_TLS_CERT_FILE', 'a certificate needs its EZ_REDIS_TLS_KEY_FILE, and the other way round');
}

function isReadable(file: string): boolean {
  try {
    accessSync(file, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

function addressOf(addr: string): RedisAddress {
  return addr === '' ? { nodes: [], tls: false } : parseRedisAddr(addr);
}

/** A Redis URL can say what a variable says too; two different answers would hide which one counts. */
function checkContradictions({ redis, cache_redis }: Config, complain: Complain): void {
  const main = addressOf(redis.addr);
  const cache = addressOf(cache_redis.addr);
  const pairs = [
    ['EZ_REDIS_USERNAME', redis.username, main.username, 'EZ_REDIS_ADDR'],
    ['EZ_REDIS_PASSWORD', redis.password, main.password, 'EZ_REDIS_ADDR'],
    ['EZ_REDIS_DB', redis.db, main.db, 'EZ_REDIS_ADDR'],
    ['EZ_CACHE_REDIS_PASSWORD', cache_redis.password, cache.password, 'EZ_CACHE_REDIS_ADDR'],
    ['EZ_CACHE_REDIS_DB', cache_redis.db, cache.db, 'EZ_CACHE_REDIS_ADDR'],
  ] as const;
  for (const [env, said, saidInUrl, url] of pairs) {
    if (said && saidInUrl !== undefined && said !== saidInUrl) complain(env, `${url} says something else`);
  }
}

const SHORTEST_SECRET = 32;
const WELL_KNOWN: ReadonlySet<string> = new Set(['change_me_in_production', 'admin123', 'internal123', 'postgres']);
const REMEDY = `set at least ${SHORTEST_SECRET} random characters, for example from: openssl rand -base64 32`;

function checkSecrets({ auth, encryption }: Config, complain: Complain): void {
  const checked: [env: string, secrets: string[]][] = [
    ['EZ_ADMIN_TOKEN', [auth.admin_token]],
    ['EZ_INTERNAL_TOKEN', [auth.internal_token]],
    ['EZ_JWT_SECRET', [auth.jwt_secret]],
    ['EZ_ENCRYPTION_KEY', encryption.keys],
  ];
  if (encryption.dp_key !== '') checked.push(['EZ_DP_ENCRYPTION_KEY', [encryption.dp_key]]);
  for (const [env, secrets] of checked) {
    if (secrets.length === 0 || secrets.includes('')) complain(env, `missing; ${REMEDY}`);
    else if (secrets.some((secret) => isWellKnown(secret))) complain(env, `a value that everybody knows; ${REMEDY}`);
    else if (secrets.some(({ length }) => length < SHORTEST_SECRET)) complain(env, `too short; ${REMEDY}`);
  }
  checkDistinct(checked, complain);
}

/** Who is given one of them must not have another with it. */
function checkDistinct(checked: [env: string, secrets: string[]][], complain: Complain): void {
  const owners = new Map<string, string>();
  for (const [env, secrets] of checked) {
    const twin = secrets.map((secret) => owners.get(secret)).find((owner) => owner !== undefined);
    if (twin !== undefined) complain(env, `the same as ${label(twin)}; ${REMEDY}`);
    for (const secret of secrets) if (secret !== '') owners.set(secret, env);
  }
}

const isWellKnown = (secret: string | undefined): boolean =>
  secret !== undefined && WELL_KNOWN.has(secret.toLowerCase());

function checkPasswords({ postgres, log, redis, cache_redis }: Config, complain: Complain): void {
  const passwords = [
    ['EZ_PG_DSN', postgres.dsn && parsePgDsn(postgres.dsn).password],
    ['EZ_LOG_PG_DSN', log.pg_dsn && parsePgDsn(log.pg_dsn).password],
    ['EZ_REDIS_ADDR', addressOf(redis.addr).password],
    ['EZ_REDIS_PASSWORD', redis.password],
    ['EZ_CACHE_REDIS_ADDR', addressOf(cache_redis.addr).password],
    ['EZ_CACHE_REDIS_PASSWORD', cache_redis.password],
  ] as const;
  for (const [env, password] of passwords) {
    if (isWellKnown(password)) complain(env, 'its password is one that everybody knows');
  }
}

function checkExposure({ server, postgres, redis }: Config, complain: Complain): void {
  if (server.cors_allow_origins.includes('*'))
    complain('EZ_CORS_ALLOW_ORIGINS', 'production refuses *; name the origins');
  if (postgres.dsn === '') complain('EZ_PG_DSN', 'missing; production has no embedded server');
  if (redis.addr === '' && redis.mode !== 'sentinel') {
    complain('EZ_REDIS_ADDR', 'missing; production has no embedded server');
  }
}
