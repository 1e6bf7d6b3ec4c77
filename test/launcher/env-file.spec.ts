import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { environment } from '../../bin/lib/settings.mjs';
import { temporaryFolder } from '../support/launcher.js';

describe('bin/start and bin/ez', () => {
  const folder = temporaryFolder();

  afterEach(() => {
    folder.remove();
    delete process.env.EZ_LOG_LEVEL;
  });

  it('read .env of the project for what the environment does not have', () => {
    writeFileSync(join(folder.path, '.env'), '# a comment\nEZ_API_PORT=8099\nEZ_LOG_LEVEL=debug\n');
    process.env.EZ_LOG_LEVEL = 'warn';
    expect(environment(folder.path)).toMatchObject({ EZ_API_PORT: '8099', EZ_LOG_LEVEL: 'warn' });
  });

  it('need none', () => {
    expect(environment(folder.path).EZ_API_PORT).toBe(process.env.EZ_API_PORT);
  });
});
