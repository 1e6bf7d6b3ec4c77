import { afterAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { loadConfig } from './load-config.js';
import { maskRedisAddr, parseRedisAddr } from './redis-addr.js';
import { cacheRedis, configRedis } from './redis-target.js';

describe('parseRedisAddr', () => {
  it.each([
    ['redis.example.com:6380', { nodes: [{ host: 'redis.example.com', port: 6380 }], tls: false }],
    ['redis', { nodes: [{ host: 'redis', port: 6379 }], tls: false }],
    [':6379', { nodes: [{ host: 'localhost', port: 6379 }], tls: false }],
    ['[::1]:7000', { nodes: [{ host: '::1', port: 7000 }], tls: false }],
    ['redis://h', { nodes: [{ host: 'h', port: 6379 }], tls: false }],
    ['redis://h/0', { nodes: [{ host: 'h', port: 6379 }], db: 0, tls: false }],
    ['redis://:p%40ss@[::1]:1/2', { nodes: [{ host: '::1', port: 1 }], password: 'p@ss', db: 2, tls: false }],
    ['rediss://u:p@h:1', { nodes: [{ host: 'h', port: 1 }], username: 'u', password: 'p', tls: true }],
  ])('reads %s', (addr, expected) => {
    expect(parseRedisAddr(addr)).toEqual(expected);
  });

  it('reads several nodes of a cluster', () => {
    expect(parseRedisAddr('a:1, b:2').nodes).toEqual([
      { host: 'a', port: 1 },
      { host: 'b', port: 2 },
    ]);
  });

  it.each([
    '',
    'a:0',
    'a:65536',
    'a:b',
    '::1',
    '[zz]:1',
    'a b',
    'redis://',
    'redis://h/x',
    'redis://h?db=1',
    'redis://:%zz@h',
    'http://h',
  ])('refuses %j', (addr) => {
    expect(() => parseRedisAddr(addr)).toThrow('expected host:port');
  });

  it('masks the password and nothing else', () => {
    expect(maskRedisAddr('rediss://u:correct-horse@[::1]:1/2')).toBe('rediss://u:***@[::1]:1/2');
    expect(maskRedisAddr('h')).toBe('redis://h:6379');
  });

  it('never repeats the password of an address that it refuses', () => {
    fc.assert(
      fc.property(fc.string(), (tail) => {
        try {
          expect(parseRedisAddr(`redis://:hunter2${tail}`).nodes).toHaveLength(1);
        } catch (error) {
          expect(error).toMatchObject({ name: 'WrongValue', message: expect.not.stringContaining('hunter2') });
        }
      }),
    );
  });
});

describe('the Redis to connect to', () => {
  const dir = mkdtempSync(`${tmpdir()}/ez-config-`);
  afterAll(() => rmSync(dir, { recursive: true }));
  const load = (env: NodeJS.ProcessEnv) => loadConfig({ EZ_DATA_DIR: dir, ...env }, dir);

  it('is undefined when nobody named one', () => {
    expect([configRedis(load({})), cacheRedis(load({}))]).toEqual([undefined, undefined]);
  });

  it('joins the address with the variables beside it', () => {
    const config = load({
      EZ_REDIS_ADDR: 'h:1',
      EZ_REDIS_PASSWORD: 'p',
      EZ_REDIS_USERNAME: 'u',
      EZ_REDIS_DB: '3',
      EZ_REDIS_TLS: '1',
    });
    const expected = {
      mode: 'standalone',
      nodes: [{ host: 'h', port: 1 }],
      username: 'u',
      password: 'p',
      db: 3,
      tls: true,
    };
    expect(configRedis(config)).toEqual(expected);
    expect(cacheRedis(config)).toEqual(expected);
  });

  it('takes from a URL what the URL says', () => {
    expect(configRedis(load({ EZ_REDIS_ADDR: 'rediss://u:p@h:1/3' }))).toEqual({
      mode: 'standalone',
      nodes: [{ host: 'h', port: 1 }],
      username: 'u',
      password: 'p',
      db: 3,
      tls: true,
    });
  });

  it('is found through sentinels, with the credentials of the server behind them', () => {
    const sentinel = { EZ_REDIS_MODE: 'sentinel', EZ_REDIS_SENTINELS: 's1,s2:1', EZ_REDIS_SENTINEL_MASTER: 'main' };
    expect(configRedis(load({ ...sentinel, EZ_REDIS_PASSWORD: 'p' }))).toEqual({
      mode: 'sentinel',
      nodes: [
        { host: 's1', port: 26_379 },
        { host: 's2', port: 1 },
      ],
      sentinel_master: 'main',
      password: 'p',
      db: 0,
      tls: false,
    });
  });

  it('can be another one for sticky sessions', () => {
    const config = load({
      EZ_REDIS_ADDR: 'h:1',
      EZ_REDIS_MODE: 'cluster',
      EZ_CACHE_REDIS_ADDR: 'c:2',
      EZ_CACHE_REDIS_DB: '5',
    });
    expect(configRedis(config)?.mode).toBe('cluster');
    expect(cacheRedis(config)).toEqual({ mode: 'standalone', nodes: [{ host: 'c', port: 2 }], db: 5, tls: false });
  });
});
