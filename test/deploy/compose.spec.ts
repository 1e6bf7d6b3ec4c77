import { readFileSync } from 'node:fs';

import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';

import { loadConfig } from '../../src/config/load-config.js';
import { REQUIRED_SECRETS } from '../../src/config/variables.js';

interface Service {
  environment?: Record<string, string>;
  healthcheck?: { test?: string[]; disable?: boolean };
  restart?: string;
  read_only?: boolean;
  volumes?: string[];
}

const text = readFileSync('docker-compose.yml', 'utf8');
const { services, volumes } = parse(text, { merge: true }) as {
  services: Record<string, Service>;
  volumes: Record<string, null>;
};

/** What docker compose makes of a value; a secret that is not set stops it. */
function interpolate(value: string, env: Record<string, string>): string {
  return value.replace(/\$\{(\w+)(?::(\?|-)([^}]*))?\}/g, (_match, name: string, sign?: string, rest?: string) => {
    const found = env[name];
    if (found) return found;
    if (sign === '?') throw new Error(`${name} ${rest}`);
    return rest ?? '';
  });
}

const secrets = Object.fromEntries(
  ['POSTGRES_PASSWORD', 'LOG_POSTGRES_PASSWORD', 'EZ_REDIS_PASSWORD', ...REQUIRED_SECRETS].map((name, i) => [
    name,
    String(i).repeat(64),
  ]),
);

describe('docker-compose.yml', () => {
  it.each(Object.keys(services))(
    'gives %s a health check, a restart policy and a file system that is read only',
    (name) => {
      const { healthcheck, restart, read_only } = services[name] ?? {};
      // A command that ends has an exit code instead of a health.
      expect(name === 'migrate' ? healthcheck?.disable : healthcheck?.test).toBeTruthy();
      expect(restart).toBeTruthy();
      expect(read_only).toBe(true);
    },
  );

  it('writes no secret, and starts nothing while one is missing', () => {
    const values = Object.values(services).flatMap(({ environment = {} }) => Object.entries(environment));
    const secretValues = values.filter(([name]) => /PASSWORD|TOKEN|SECRET|KEY|DSN/.test(name));
    expect(secretValues.length).toBeGreaterThan(10);
    for (const [, value] of secretValues) expect(() => interpolate(value, {})).toThrow('is not set');
  });

  it.each(['ez-api', 'migrate'])('gives %s a configuration that production accepts', (name) => {
    const environment = Object.entries(services[name]?.environment ?? {});
    const env = Object.fromEntries(environment.map(([key, value]) => [key, interpolate(value, secrets)]));
    const config = loadConfig({ ...env, NODE_ENV: 'production' }, '/nonexistent');
    expect(config.redis).toMatchObject({ addr: 'redis:6379', password: secrets.EZ_REDIS_PASSWORD });
    expect(config.generated).toEqual([]);
  });

  it('keeps the data of every server in a volume that it declares', () => {
    const used = Object.values(services).flatMap((service) => (service.volumes ?? []).map((one) => one.split(':')[0]));
    expect(new Set(used)).toEqual(new Set(['postgres', 'log-postgres', 'redis']));
    expect(new Set(Object.keys(volumes))).toEqual(new Set(used));
  });

  it('lets Redis evict nothing, and open nothing without a password', () => {
    expect(text).toMatch(/^ +maxmemory-policy noeviction$/m);
    expect(text).toMatch(/^ +requirepass \$\$REDIS_PASSWORD$/m);
  });
});
