import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { processesWith } from '../support/launcher.js';

describe('bin/tour', () => {
  const temporary = mkdtempSync(join(tmpdir(), 'ez-api-tour-test-'));
  let shown: string;
  let code: number | null;

  beforeAll(async () => {
    const { PATH = '', HOME = '' } = process.env;
    const child = spawn(resolve('bin/tour'), {
      cwd: tmpdir(),
      // Settings of a gateway that is in use must not reach this one.
      env: {
        PATH,
        HOME,
        TMPDIR: temporary,
        EZ_PG_DSN: 'postgres://nobody@127.0.0.1:1/none',
        EZ_REDIS_ADDR: '127.0.0.1:1',
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = new Promise<number | null>((done) => child.once('exit', done));
    [shown, code] = await Promise.all([text(child.stdout), ended]);
  }, 120_000);

  afterAll(() => rmSync(temporary, { recursive: true, force: true }));

  it('ends with every expectation held', () => {
    expect(shown).toMatch(/^All \d+ expectations held\.$/m);
    expect(shown).not.toContain('✗');
    expect(code).toBe(0);
  });

  it('makes whole channels of what the exporter has cut into lines', () => {
    expect(shown).toMatch(/^ {2}openai-main +openai +default, vip .+3 active$/m);
    expect(shown).toMatch(/^ {2}vertex-one +vertex .+1 active$/m);
    expect(shown).toMatch(/^ {2}newapi-upstream +compatible .+1 auto_disabled$/m);
  });

  it('serves a token in both forms, and refuses it elsewhere', () => {
    expect(shown).toMatch(/✓ sk-…AAAA .+openai-main#\d+ as gpt-4o$/m);
    expect(shown).toMatch(/✓ …AAAA .+openai-main#\d+ as gpt-4o$/m);
    expect(shown).toMatch(/✓ sk-…AAAA .+refused: 203\.0\.113\.9 is not allowed$/m);
  });

  it('says how long a revoked token was still accepted', () => {
    expect(shown).toMatch(/✓ sk-…AAAA +refused [\d.]+ m?s (before|after) the answer, [\d.]+ m?s after the request$/m);
  });

  it('shows no secret', () => {
    expect(shown).not.toMatch(/A{5}|ez[km]_[0-9A-Za-z]{5}|sk-[a-c]\b|service_account/);
  });

  it('leaves neither files nor processes behind', () => {
    expect(existsSync(temporary) && readdirSync(temporary)).toEqual([]);
    expect(processesWith(temporary)).toEqual([]);
  });
});
