import { afterAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from './config-error.js';
import { loadConfig } from './load-config.js';

const dir = mkdtempSync(join(tmpdir(), 'ez-config-'));
afterAll(() => rmSync(dir, { recursive: true }));

function mistakes(env: NodeJS.ProcessEnv): readonly string[] {
  try {
    loadConfig({ EZ_DATA_DIR: join(dir, 'data'), ...env }, dir);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes;
    throw error;
  }
}

describe('production', () => {
  const strong = (letter: string) => letter.repeat(32);
  const good: NodeJS.ProcessEnv = {
    NODE_ENV: 'production',
    EZ_PG_DSN: 'host=db user=ez password=9f2c1d dbname=ez',
    EZ_REDIS_ADDR: 'redis:6379',
    EZ_ADMIN_TOKEN: strong('a'),
    EZ_INTERNAL_TOKEN: strong('b'),
    EZ_JWT_SECRET: strong('c'),
    EZ_ENCRYPTION_KEY: `${strong('d')},${strong('e')}`,
  };

  it('starts with strong secrets and named servers, and makes no secrets of its own', () => {
    expect(mistakes(good)).toEqual([]);
    expect(readdirSync(dir)).toEqual([]);
  });

  it('refuses to start with nothing, naming everything that is missing', () => {
    expect(mistakes({ NODE_ENV: 'production' }).map((line) => line.split(';')[0])).toEqual([
      'EZ_ADMIN_TOKEN (auth.admin_token): missing',
      'EZ_INTERNAL_TOKEN (auth.internal_token): missing',
      'EZ_JWT_SECRET (auth.jwt_secret): missing',
      'EZ_ENCRYPTION_KEY (encryption.keys): missing',
      'EZ_PG_DSN (postgres.dsn): missing',
      'EZ_REDIS_ADDR (redis.addr): missing',
    ]);
  });

  it.each([
    ['EZ_ADMIN_TOKEN', '', 'missing'],
    ['EZ_INTERNAL_TOKEN', '', 'missing'],
    ['EZ_JWT_SECRET', 'x'.repeat(31), 'too short'],
    ['EZ_ADMIN_TOKEN', 'admin123', 'everybody knows'],
    ['EZ_INTERNAL_TOKEN', 'internal123', 'everybody knows'],
    ['EZ_JWT_SECRET', 'change_me_in_production', 'everybody knows'],
    ['EZ_ENCRYPTION_KEY', `${strong('d')},short`, 'too short'],
    ['EZ_DP_ENCRYPTION_KEY', 'short', 'too short'],
    ['EZ_INTERNAL_TOKEN', strong('a'), 'the same as EZ_ADMIN_TOKEN'],
    ['EZ_JWT_SECRET', strong('a'), 'the same as EZ_ADMIN_TOKEN'],
    ['EZ_JWT_SECRET', strong('b'), 'the same as EZ_INTERNAL_TOKEN'],
    ['EZ_ENCRYPTION_KEY', `${strong('d')},${strong('c')}`, 'the same as EZ_JWT_SECRET'],
    ['EZ_DP_ENCRYPTION_KEY', strong('d'), 'the same as EZ_ENCRYPTION_KEY'],
    ['EZ_PG_DSN', 'postgres://ez:postgres@db/ez', 'everybody knows'],
    ['EZ_LOG_PG_DSN', 'host=db user=postgres password=postgres', 'everybody knows'],
    ['EZ_REDIS_PASSWORD', 'Admin123', 'everybody knows'],
    ['EZ_REDIS_ADDR', 'redis://:postgres@h', 'everybody knows'],
    ['EZ_CORS_ALLOW_ORIGINS', 'https://a.example.com,*', 'name the origins'],
  ])('refuses %s=%j', (name, value, reason) => {
    expect(mistakes({ ...good, [name]: value })).toEqual([expect.stringMatching(`^${name} .*${reason}`)]);
  });

  it('takes the same key twice in one list', () => {
    expect(mistakes({ ...good, EZ_ENCRYPTION_KEY: `${strong('d')},${strong('d')}` })).toEqual([]);
  });

  it('reports a DSN that is wrong once, and not as missing too', () => {
    expect(mistakes({ ...good, EZ_PG_DSN: 'host' })).toEqual([
      expect.stringMatching('^EZ_PG_DSN .*expected a PostgreSQL'),
    ]);
  });

  it('needs no address where sentinels are asked', () => {
    const sentinel = { EZ_REDIS_MODE: 'sentinel', EZ_REDIS_SENTINELS: 's:1', EZ_REDIS_SENTINEL_MASTER: 'm' };
    expect(mistakes({ ...good, EZ_REDIS_ADDR: '', ...sentinel })).toEqual([]);
  });

  it('serves no Swagger unless told to', () => {
    expect(loadConfig(good, dir).server.swagger_enabled).toBe(false);
    expect(loadConfig({ ...good, EZ_SWAGGER_ENABLED: 'true' }, dir).server.swagger_enabled).toBe(true);
  });
});

describe('settings that contradict each other', () => {
  it.each([
    [{ EZ_REDIS_MODE: 'sentinel', EZ_REDIS_SENTINELS: 's:1' }, 'EZ_REDIS_SENTINEL_MASTER', 'missing'],
    [{ EZ_REDIS_MODE: 'sentinel', EZ_REDIS_SENTINEL_MASTER: 'm' }, 'EZ_REDIS_SENTINELS', 'missing'],
    [{ EZ_REDIS_SENTINELS: 's:1' }, 'EZ_REDIS_SENTINELS', 'only read with EZ_REDIS_MODE=sentinel'],
    [{ EZ_REDIS_ADDR: 'a,b' }, 'EZ_REDIS_ADDR', 'only read with EZ_REDIS_MODE=cluster'],
    [{ EZ_REDIS_ADDR: 'a,b', EZ_REDIS_MODE: 'cluster', EZ_REDIS_DB: '1' }, 'EZ_REDIS_DB', 'only database 0'],
    [{ EZ_REDIS_ADDR: 'redis://h/1', EZ_REDIS_DB: '2' }, 'EZ_REDIS_DB', 'EZ_REDIS_ADDR says something else'],
    [{ EZ_REDIS_ADDR: 'redis://:a@h', EZ_REDIS_PASSWORD: 'b' }, 'EZ_REDIS_PASSWORD', 'says something else'],
    [{ EZ_REDIS_SENTINEL_PASSWORD: 'p' }, 'EZ_REDIS_SENTINEL_PASSWORD', 'only read with EZ_REDIS_MODE=sentinel'],
    [{ EZ_REDIS_TLS_CA_FILE: '/ca.pem' }, 'EZ_REDIS_TLS_CA_FILE', 'only read with EZ_REDIS_TLS=true'],
    [{ EZ_REDIS_TLS: '1', EZ_REDIS_TLS_CA_FILE: 'absent.pem' }, 'EZ_REDIS_TLS_CA_FILE', 'cannot be read'],
    [{ EZ_REDIS_TLS: '1', EZ_REDIS_TLS_CERT_FILE: '/dev/null' }, 'EZ_REDIS_TLS_CERT_FILE', 'needs its'],
    [{ EZ_CACHE_REDIS_ADDR: 'a,b' }, 'EZ_CACHE_REDIS_ADDR', 'expected one address'],
    [{ EZ_INTERNAL_TOKEN: 'a', EZ_INTERNAL_STATS_TOKEN: 'b' }, 'EZ_INTERNAL_TOKEN', 'EZ_INTERNAL_STATS_TOKEN says'],
  ])('are refused: %j', (env, name, reason) => {
    expect(mistakes(env)).toEqual([expect.stringMatching(`^${name} .*${reason}`)]);
  });

  it('may say the same thing twice', () => {
    expect(mistakes({ EZ_REDIS_ADDR: 'redis://:a@h/2', EZ_REDIS_PASSWORD: 'a', EZ_REDIS_DB: '2' })).toEqual([]);
  });
});
