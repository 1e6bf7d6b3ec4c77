import { afterAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { loadConfig } from './load-config.js';
import { redactedConfig } from './redacted-config.js';
import { SETTINGS } from './variables.js';

const dir = mkdtempSync(join(tmpdir(), 'ez-config-'));
afterAll(() => rmSync(dir, { recursive: true }));

const SECRETS = {
  EZ_PG_DSN: 'postgresql://ez:planted-pg@db:5432/ez?sslmode=disable',
  EZ_LOG_PG_DSN: "host=logs user=ez password='planted-log pg'",
  EZ_REDIS_ADDR: 'redis://u:planted-redis@h:1/2',
  EZ_REDIS_PASSWORD: 'planted-redis',
  EZ_CACHE_REDIS_ADDR: 'c:1',
  EZ_CACHE_REDIS_PASSWORD: 'planted-cache',
  EZ_ADMIN_TOKEN: 'planted-admin',
  EZ_INTERNAL_TOKEN: 'planted-internal',
  EZ_JWT_SECRET: 'planted-jwt',
  EZ_ENCRYPTION_KEY: 'planted-key-1,planted-key-2',
  EZ_DP_ENCRYPTION_KEY: 'planted-dp',
};

describe('redactedConfig', () => {
  it('shows each value with its variable and where it came from', () => {
    writeFileSync(join(dir, 'config.yaml'), 'log:\n  batch_size: 7\n');
    const shown = redactedConfig(
      loadConfig({ EZ_DATA_DIR: dir, EZ_API_PORT: '9000', EZ_TRUST_PROXY_CIDRS: '10.0.0.0/8,::1' }, dir),
    );
    expect(shown).toMatch(/^# file: .*config\.yaml$/m);
    expect(shown).toMatch(/^ {2}port: 9000 +# EZ_API_PORT, environment$/m);
    expect(shown).toMatch(/^ {2}batch_size: 7 +# EZ_LOG_BATCH_SIZE, file$/m);
    expect(shown).toMatch(/^ {2}flush_ms: 200 +# EZ_LOG_FLUSH_MS, default$/m);
    expect(shown).toMatch(/^ {2}admin_token: <set, 43 chars> +# EZ_ADMIN_TOKEN, generated$/m);
    expect(shown).toMatch(/^ {2}trust_proxy_cidrs: \[ 10\.0\.0\.0\/8, ::1\/128 \] +# /m);
  });

  it('shows that secrets are set, servers without their passwords, and nothing more', () => {
    const shown = redactedConfig(loadConfig({ ...SECRETS, EZ_DATA_DIR: dir }, dir));
    expect(shown).not.toContain('planted');
    expect(shown).toContain('dsn: host=db port=5432 user=ez password=*** dbname=ez sslmode=disable');
    expect(shown).toContain('addr: redis://u:***@h:1/2');
    expect(shown).toContain('keys: <set, 13 chars> <set, 13 chars>');
  });

  it('is YAML with every setting', () => {
    const shown = parse(redactedConfig(loadConfig({ ...SECRETS, EZ_DATA_DIR: dir }, dir))) as Record<string, object>;
    const paths = Object.entries(shown).flatMap(([section, fields]) =>
      Object.keys(fields).map((key) => `${section}.${key}`),
    );
    expect(paths).toEqual(SETTINGS.map(({ path }) => path));
  });
});
