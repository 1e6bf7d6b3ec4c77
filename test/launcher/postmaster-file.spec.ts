import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { isReady, postmasterIn } from '../../bin/lib/postgres.mjs';
import { temporaryFolder } from '../support/launcher.js';

/** As PostgreSQL writes it: pid, data folder, start, port, socket folder, address, shared memory, state. */
const fileOf = ({ startedAt = 1_764_000_000, state = 'ready   ' }): string =>
  `4711\n/data\n${startedAt}\n5432\n\n127.0.0.1\n 12345 6\n${state}\n`;

describe('a PostgreSQL that is started', () => {
  const folder = temporaryFolder();
  const file = join(folder.path, 'postmaster.pid');

  afterAll(() => folder.remove());

  it('is ready when its file says so', () => {
    expect(isReady(file, undefined)).toBe(false);
    writeFileSync(file, fileOf({ state: 'starting' }));
    expect(isReady(file, undefined)).toBe(false);
    writeFileSync(file, fileOf({}));
    expect(isReady(file, undefined)).toBe(true);
  });

  it('is not ready because one was that has been killed', () => {
    writeFileSync(file, fileOf({}));
    const killed = postmasterIn(file);
    expect(isReady(file, killed)).toBe(false);
    writeFileSync(file, fileOf({ startedAt: 1_764_000_100, state: 'starting' }));
    expect(isReady(file, killed)).toBe(false);
    writeFileSync(file, fileOf({ startedAt: 1_764_000_100 }));
    expect(isReady(file, killed)).toBe(true);
  });
});
