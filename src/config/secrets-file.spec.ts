import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import { transformFileSync } from '@swc/core';
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { loadConfig } from './load-config.js';
import { REQUIRED_SECRETS } from './variables.js';

const root = mkdtempSync(join(tmpdir(), 'ez-config-'));
afterAll(() => rmSync(root, { recursive: true }));

let dir: string;
let file: string;
beforeEach(() => {
  dir = mkdtempSync(join(root, 'cwd-'));
  file = join(dir, 'data', 'secrets.json');
});

describe('secrets that nobody set', () => {
  it('are made once, and are the same at the next start', () => {
    const first = loadConfig({}, dir);
    expect(first.generated.toSorted()).toEqual([...REQUIRED_SECRETS].toSorted());
    expect(first.auth.admin_token).toHaveLength(43);
    expect(loadConfig({}, dir)).toEqual(first);
  });

  it('are kept where only their owner reads them, with no draft left behind', () => {
    loadConfig({}, dir);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(dir, 'data'))).toEqual(['secrets.json']);
  });

  it('give way to those that are set', () => {
    const config = loadConfig({ EZ_ADMIN_TOKEN: 'mine' }, dir);
    expect(config.auth.admin_token).toBe('mine');
    expect(config.generated).not.toContain('EZ_ADMIN_TOKEN');
    expect(config.generated).toHaveLength(3);
  });

  it('are not made when all are set', () => {
    loadConfig(Object.fromEntries(REQUIRED_SECRETS.map((name) => [name, 'mine'])), dir);
    expect(readdirSync(dir)).toEqual([]);
  });

  it('are not made for a token that is set to nothing, which closes its routes', () => {
    const config = loadConfig({ EZ_INTERNAL_TOKEN: '', EZ_JWT_SECRET: '', EZ_ENCRYPTION_KEY: '' }, dir);
    expect(config.auth.internal_token).toBe('');
    expect(config.auth.jwt_secret).toHaveLength(43);
    expect(config.encryption.keys).toEqual([expect.stringMatching(/^.{43}$/)]);
  });

  it('are not made while the configuration has mistakes', () => {
    expect(() => loadConfig({ EZ_API_PORT: 'x' }, dir)).toThrow('EZ_API_PORT');
    expect(readdirSync(dir)).toEqual([]);
  });

  it('are never replaced: a damaged file stops the start', () => {
    loadConfig({}, dir);
    const kept = JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>;
    writeFileSync(file, JSON.stringify({ ...kept, EZ_JWT_SECRET: undefined }));
    expect(() => loadConfig({}, dir)).toThrow(`${file}: holds no EZ_JWT_SECRET`);
    writeFileSync(file, '{"EZ_');
    expect(() => loadConfig({}, dir)).toThrow(`${file}: cannot be read (not JSON)`);
  });

  it('say what to do when the folder cannot be written', () => {
    writeFileSync(join(dir, 'data'), '');
    expect(() => loadConfig({}, dir)).toThrow(/secrets\.json: cannot be /);
  });

  it('are the same for processes that start at the same moment', async () => {
    const compiled = compileInto(mkdtempSync(join(root, 'js-')));
    const script = `import { keptSecrets } from '${compiled}/secrets-file.js'; console.log(keptSecrets('${dir}/data').get('EZ_ADMIN_TOKEN'))`;
    const start = () => promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { env: {} });
    const printed = await Promise.all(Array.from({ length: 6 }, start));
    expect(new Set(printed.map(({ stdout }) => stdout)).size).toBe(1);
    expect(printed[0]?.stdout).toMatch(/^[\w-]{43}\n$/);
  });
});

/** Plain Node runs JavaScript only, and a race needs processes of its own. */
function compileInto(folder: string): string {
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  for (const name of ['secrets-file', 'config-error', 'variables', 'value-types', 'pg-dsn', 'redis-addr']) {
    writeFileSync(join(folder, `${name}.js`), transformFileSync(join('src', 'config', `${name}.ts`)).code);
  }
  return folder;
}
