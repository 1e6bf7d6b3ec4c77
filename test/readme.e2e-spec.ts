import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';

import { SETTINGS } from '../src/config/variables.js';
import { startApp, type TestApp } from './support/app.js';
import type { Json } from './support/http.js';

const ROOT = resolve(import.meta.dirname, '..');
const README = readFileSync(resolve(ROOT, 'README.md'), 'utf8');
const DOCUMENTS = [
  'README.md',
  'docs/architecture.md',
  'docs/operations.md',
  'docs/redis-contract.md',
  'bench/README.md',
];

describe('the README', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.close());

  it('has a tour whose commands work, and whose answers look as it says', async () => {
    const blocks = [...section('Five minutes').matchAll(/```(sh|json)\n([\s\S]*?)```/g)].map(([, kind, text]) => ({
      kind,
      text: text!,
    }));
    const answers: Json[] = [];
    for (const [, method, path, body] of commandsIn(blocks)) {
      const answer = await app.admin.send(method!, path!, body);
      expect(`${path} ${answer.status}`).toMatch(/ 20[01]$/);
      answers.push(answer.body);
    }
    const shown = blocks.filter(({ kind }) => kind === 'json').map(({ text }) => JSON.parse(text));
    expect(answers[4]).toMatchObject(shown[0]);
    expect(answers.at(-1)).toMatchObject(shown[1]);
  }, 60_000);

  it('gives the test command that CI runs', () => {
    expect(section('Two commands')).toContain('npm test ');
    expect(readFileSync(resolve(ROOT, '.ci/run'), 'utf8')).toMatch(/^npm test$/m);
  });

  it.each(DOCUMENTS)('and %s name only files, scripts and variables that there are', (document) => {
    const text = readFileSync(resolve(ROOT, document), 'utf8');
    const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, path]) =>
      resolve(ROOT, document, '..', path!),
    );
    expect(links.filter((path) => !existsSync(path))).toEqual([]);
    const { scripts } = JSON.parse(readFileSync(resolve(ROOT, 'package.json'), 'utf8'));
    const run = [...text.matchAll(/npm run (?:-s )?([a-z:]+)/g)].map(([, name]) => name!);
    expect(run.filter((name) => !(name in scripts))).toEqual([]);
    const known = new Set([...SETTINGS.map(({ env }) => env), 'EZ_CONFIG_FILE', 'EZ_INTERNAL_STATS_TOKEN']);
    const named = [...text.matchAll(/\bEZ_(?!TEST_)[A-Z_]+[A-Z]\b/g)].map(([name]) => name);
    expect(named.filter((name) => !known.has(name))).toEqual([]);
  });
});

/** `ez POST /path '{"json":"body"}'`, read here and not by a shell, since a fresh machine has no curl. */
const commandsIn = (blocks: { kind?: string; text: string }[]): RegExpMatchArray[] =>
  blocks
    .filter(({ kind }) => kind === 'sh')
    .flatMap(({ text }) => [...text.matchAll(/^ez ([A-Z]+) '?([^' \n]+)'?(?: '(.*)')?$/gm)]);

function section(title: string): string {
  const [, text = ''] = README.split(`## ${title}\n`);
  return text.split('\n## ')[0]!;
}
