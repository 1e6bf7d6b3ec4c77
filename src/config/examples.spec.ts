import { afterAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exampleEnv, exampleYaml } from './examples.js';
import { loadConfig } from './load-config.js';
import { redactedConfig } from './redacted-config.js';
import { SETTINGS } from './variables.js';

const committed = { '.env.example': exampleEnv(), 'config.example.yaml': exampleYaml() };

describe('the example files', () => {
  const dir = mkdtempSync(join(tmpdir(), 'ez-config-'));
  afterAll(() => rmSync(dir, { recursive: true }));

  it.each(Object.entries(committed))('%s is what the table says (UPDATE_EXAMPLES=1 writes it anew)', (name, text) => {
    if (process.env.UPDATE_EXAMPLES) writeFileSync(name, text);
    expect(readFileSync(name, 'utf8')).toBe(text);
  });

  it('load as they are, and change nothing', () => {
    const example = join(process.cwd(), 'config.example.yaml');
    const [first, ...shown] = redactedConfig(loadConfig({ EZ_CONFIG_FILE: example }, dir)).split('\n');
    expect(first).toBe(`# file: ${example}`);
    expect(shown).toEqual(redactedConfig(loadConfig({}, dir)).split('\n').slice(1));
  });

  it.each(SETTINGS.map((setting) => [setting.env, setting] as const))(
    'show a value of %s that it takes',
    (_, { type, fallback }) => {
      expect(() =>
        type.parse(fallback === '' ? (type.example ?? '') : fallback, { production: false, cwd: dir }),
      ).not.toThrow();
    },
  );

  it('load with a setting uncommented', () => {
    writeFileSync(join(dir, 'config.yaml'), exampleYaml().replace('# port: 8080', 'port: 9090'));
    const config = loadConfig({ EZ_DATA_DIR: dir }, dir);
    expect([config.server.port, config.sources.get('EZ_API_PORT')]).toEqual([9090, 'file']);
  });
});
