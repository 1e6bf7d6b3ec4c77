import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

const SRC = resolve(import.meta.dirname, '../src');

/** Who may import whom. A room that is not named here may not be entered. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  common: [],
  config: [],
  contract: [],
  database: ['common', 'config'],
  redis: ['common', 'config'],
  'log-database': ['common', 'config', 'database'],
  http: ['common', 'config', 'contract', 'database'],
  outbox: ['common', 'contract', 'database'],
  crud: ['common', 'contract', 'database', 'http', 'outbox'],
  modules: ['common', 'config', 'contract', 'database', 'log-database', 'redis', 'http', 'outbox', 'crud'],
  sync: ['common', 'config', 'contract', 'database', 'redis', 'http', 'outbox', 'crud', 'modules'],
  cli: ['config', 'database', 'log-database', 'http', 'modules', 'app.setup.ts'],
};

/** Live counters and queues are written by balancers; whether Redis answers is no configuration either. */
const READS_LIVE_REDIS = ['health', 'realtime'];

interface Import {
  file: string;
  target: string;
}

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
const sources = new Map(files.map((file) => [file, readFileSync(join(SRC, file), 'utf8')]));
const production = [...sources].filter(([file]) => !file.endsWith('.spec.ts'));

const imports: Import[] = production.flatMap(([file, text]) =>
  [...text.matchAll(/(?:from|import)\s+'(\.[^']+)'/g)].map(([, path]) => ({
    file,
    target: relative(SRC, resolve(SRC, dirname(file), path!)).replace(/\.js$/, '.ts'),
  })),
);

const roomOf = (file: string): string => file.split('/')[0]!;
const moduleOf = (file: string): string | undefined => /^modules\/([^/]+)\//.exec(file)?.[1];

const arrows = (wrong: Import[]): string[] => wrong.map(({ file, target }) => `${file} -> ${target}`);

describe('the architecture', () => {
  it('has rooms that import only the rooms they may', () => {
    const wrong = imports.filter(({ file, target }) => {
      const from = roomOf(file);
      if (!file.includes('/') || target.startsWith('..')) return false;
      return roomOf(target) !== from && !MAY_IMPORT[from]?.includes(roomOf(target));
    });
    expect(arrows(wrong)).toEqual([]);
  });

  it('has modules that know of each other only entities, views, services and modules', () => {
    const wrong = imports.filter(({ file, target }) => {
      const from = moduleOf(file);
      const to = moduleOf(target);
      return from && to && from !== to && !/\.(entity|service|module|dto)\.ts$/.test(target);
    });
    expect(arrows(wrong)).toEqual([]);
  });

  it('has controllers that see neither TypeORM nor rows', () => {
    const wrong = production.filter(
      ([file, text]) => file.endsWith('.controller.ts') && /from 'typeorm'|\.entity\.js'/.test(text),
    );
    expect(wrong.map(([file]) => file)).toEqual([]);
  });

  it('spells Redis names in src/contract only', () => {
    const spelled =
      /['"`{](config:(providers|keys|bindings|namespaces|meta|changes)|meta:(models|features)|auth:(token|master):|dp:(config|ack))/;
    const wrong = production.filter(
      ([file, text]) => roomOf(file) !== 'contract' && spelled.test(withoutComments(text)),
    );
    expect(wrong.map(([file]) => file)).toEqual([]);
  });

  it('opens transactions only in Outbox.write, on the sync side and for logs', () => {
    const opens = /startTransaction\(|\.transaction\(|['"`]\s*BEGIN\b/;
    const allowed = /^(outbox\/outbox|sync\/.*|log-database\/transaction)\.ts$/;
    const wrong = production.filter(([file, text]) => !allowed.test(file) && opens.test(text));
    expect(wrong.map(([file]) => file)).toEqual([]);
  });

  it('lets no module talk to Redis about configuration', () => {
    const wrong = imports.filter(
      ({ file, target }) =>
        roomOf(file) === 'modules' &&
        roomOf(target) === 'redis' &&
        !target.startsWith('redis/stream') &&
        !READS_LIVE_REDIS.includes(moduleOf(file)!),
    );
    expect(arrows(wrong)).toEqual([]);
  });

  it('gives no two DTOs or views one name, for in the OpenAPI document the second would replace the first', () => {
    const names = production.flatMap(([, text]) =>
      [...text.matchAll(/^(?:export )?class (\w+(?:Dto|View|Page))\b/gm)].map(([, name]) => name!),
    );
    expect(names.length).toBeGreaterThan(50);
    expect(names.filter((name, i) => names.indexOf(name) < i)).toEqual([]);
  });

  it('keeps files within 250 lines', () => {
    const long = [...sources].filter(([, text]) => text.split('\n').length > 251);
    expect(long.map(([file]) => file)).toEqual([]);
  });
});

const withoutComments = (text: string): string => text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
