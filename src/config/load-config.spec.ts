import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from './config-error.js';
import { loadConfig } from './load-config.js';

const root = mkdtempSync(join(tmpdir(), 'ez-config-'));
afterAll(() => rmSync(root, { recursive: true }));

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(root, 'cwd-'));
});

const load = (env: NodeJS.ProcessEnv = {}) => loadConfig(env, dir);
const writeYaml = (text: string, name = 'config.yaml') => writeFileSync(join(dir, name), text);

function mistakes(env: NodeJS.ProcessEnv = {}): readonly string[] {
  try {
    load(env);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes;
    throw error;
  }
}

describe('where a value comes from', () => {
  it('is the environment before the file before the default', () => {
    writeYaml('server:\n  port: 9001\nlog:\n  batch_size: 7\n');
    const { server, log, sources } = load({ EZ_API_PORT: '9002' });
    expect([server.port, log.batch_size, log.flush_ms]).toEqual([9002, 7, 200]);
    expect(['EZ_API_PORT', 'EZ_LOG_BATCH_SIZE', 'EZ_LOG_FLUSH_MS'].map((name) => sources.get(name))).toEqual([
      'environment',
      'file',
      'default',
    ]);
  });

  it('is ./config.yaml, else ./config/config.yaml, else the file that EZ_CONFIG_FILE names', () => {
    mkdirSync(join(dir, 'config'));
    writeYaml('server: {port: 2}', 'config/config.yaml');
    expect(load().server.port).toBe(2);
    writeYaml('server: {port: 1}');
    expect(load().server.port).toBe(1);
    writeYaml('server: {port: 3}', 'other.yaml');
    expect(load({ EZ_CONFIG_FILE: 'other.yaml' })).toMatchObject({
      server: { port: 3 },
      file: join(dir, 'other.yaml'),
    });
  });

  it('is an older name where existing installations use one', () => {
    expect(load({ EZ_INTERNAL_STATS_TOKEN: 'abc' }).auth.internal_token).toBe('abc');
  });

  it('is not an empty variable, unless empty says something', () => {
    writeYaml('server: {port: 9001, cors_allow_origins: ["*"]}\nlog: {level:}\n');
    const { server, log } = load({ EZ_API_PORT: '', EZ_CORS_ALLOW_ORIGINS: '' });
    expect([server.port, server.cors_allow_origins, log.level]).toEqual([9001, [], 'info']);
  });

  it('keeps a password of digits in the file as it is written', () => {
    writeYaml('redis:\n  password: 0012\n  addr: "h:1"\n');
    expect(load().redis.password).toBe('0012');
  });

  it('takes folders relative to where it is started', () => {
    expect(load({ EZ_DATA_DIR: 'd' }).server.data_dir).toBe(join(dir, 'd'));
  });

  it('reads lists from both', () => {
    writeYaml('outbound:\n  allow_cidrs:\n    - 10.0.0.0/8\n    - 192.168.1.1\n');
    const config = load({ EZ_CORS_ALLOW_ORIGINS: 'https://a.example.com, http://b.example.com:8080,' });
    expect(config.outbound.allow_cidrs).toEqual(['10.0.0.0/8', '192.168.1.1/32']);
    expect(config.server.cors_allow_origins).toEqual(['https://a.example.com', 'http://b.example.com:8080']);
  });
});

describe('mistakes', () => {
  it('are all listed at once, one line each', () => {
    writeYaml('sever:\n  port: 1\nserver:\n  prot: 1\nlog:\n  level: loud\n');
    expect(mistakes({ EZ_API_PROT: '1', EZ_REDIS_DB: 'x', EZ_NONSENSE: '1', EZ_SYNC_OUTBOX_ENABLED: 'yes' })).toEqual([
      'EZ_API_PROT: no such variable; did you mean EZ_API_PORT?',
      'EZ_NONSENSE: no such variable',
      `sever in ${dir}/config.yaml: no such section; did you mean server?`,
      `server.prot in ${dir}/config.yaml: no such setting; did you mean server.port?`,
      'EZ_REDIS_DB (redis.db): expected a whole number from 0 to 1023, got "x"',
      'EZ_SYNC_OUTBOX_ENABLED (sync_outbox.enabled): expected true or false, got "yes"',
      'EZ_LOG_LEVEL (log.level): expected one of fatal, error, warn, info, debug, trace, silent, got "loud"',
    ]);
  });

  it('make one message', () => {
    expect(() => load({ EZ_API_PORT: 'x', EZ_X: '1' })).toThrow(
      /^The configuration is not usable:\n {2}EZ_X.*\n {2}EZ_API_PORT.*$/,
    );
  });

  it('never repeat a secret', () => {
    writeYaml('auth:\n  jwt_secret: "planted\\u0007"\nredis:\n  password: *planted\n');
    const env = {
      EZ_PG_DSN: 'postgres://u:planted pass@h',
      EZ_REDIS_ADDR: 'redis://:planted@h:x',
      EZ_ADMIN_TOKEN: 'planted token',
      EZ_ENCRYPTION_KEY: 'planted\u0000',
    };
    expect(mistakes(env)).toHaveLength(6);
    expect(mistakes(env).join()).not.toContain('planted');
  });

  it('leave the names of test tooling alone', () => {
    expect(mistakes({ EZ_TEST_ANYTHING: '1', OTHER: '1' })).toEqual([]);
  });

  it.each([
    ['- 1', ': expected sections like "server:"'],
    ['server: 1', 'server in .*: expected settings, indented below it'],
    ['server:\n  port: {a: 1}', 'server.port in .*: expected a single value'],
    ['server: {port: 1}\nserver: {port: 2}', 'line 2 in .*: not valid YAML \\(DUPLICATE_KEY\\)'],
    ['server:\n\tport: 1', 'line 2 in .*: not valid YAML'],
    ['__proto__: {port: 1}', '__proto__ in .*: no such section'],
  ])('of the file %j are named with their place', (yaml, message) => {
    writeYaml(yaml);
    expect(mistakes()).toEqual([expect.stringMatching(message)]);
  });

  it('include a file that is not there', () => {
    expect(mistakes({ EZ_CONFIG_FILE: 'gone.yaml' })).toEqual([`${dir}/gone.yaml: cannot be read (ENOENT)`]);
  });

  it('are found in a file of any content, without an exception of another kind', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'abserver:port \n\t-[]{}"\'&*!|>%@`#0?,'.split('')) }),
        (yaml) => {
          writeYaml(yaml);
          expect(Array.isArray(mistakes())).toBe(true);
        },
      ),
    );
  });
});

describe('strictness', () => {
  it('takes exactly the ports there are, written plainly', () => {
    fc.assert(
      fc.property(fc.integer({ min: -10, max: 70_000 }), (port) => {
        const expected = port >= 0 && port <= 65_535 ? [] : [expect.stringContaining('from 0 to 65535')];
        expect(mistakes({ EZ_API_PORT: String(port) })).toEqual(expected);
      }),
    );
  });

  it.each([
    ['EZ_API_PORT', ['080', '8080 ', '8e3', '0x50', '80.0', '+80', '٣']],
    ['EZ_OUTBOUND_ALLOW_HTTP', ['yes', 'TRUE', 'on', '2']],
    ['EZ_REDIS_MODE', ['Cluster', 'standalone ']],
    ['EZ_LISTEN_HOST', ['a b', '-a', 'a..b', 'http://a', '1.2.3.4:80']],
    [
      'EZ_TRUST_PROXY_CIDRS',
      ['10.0.0.0/33', '10.0.0.0/', '::/129', '010.0.0.1', '0x7f.1', '10.0.0.0/8/8', 'localhost', '/8'],
    ],
    ['EZ_CORS_ALLOW_ORIGINS', ['a.example.com', 'https://a.example.com/', 'https://A.example.com', 'ftp://a', 'null']],
    ['EZ_REDIS_SENTINELS', ['a:0', 'a:b']],
    ['EZ_ADMIN_TOKEN', ['a b', 'ä', 'a\n']],
    ['EZ_JWT_TTL_SECONDS', ['86401', '0']],
  ])('refuses values of %s that are almost right', (name, values) => {
    for (const value of values)
      expect(mistakes({ [name]: value })).toEqual([expect.stringMatching(`^${name} .*expected`)]);
  });
});
