import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { startApp, type TestApp } from '../support/app.js';
import { actualImage } from '../support/image.js';
import { ROWS } from './golden/rows.js';

/** Everything that balancers read, byte for byte, for rows that are written out. What is there may be added to, not changed. */
const GOLDEN: unknown = JSON.parse(readFileSync(new URL('golden/image.json', import.meta.url), 'utf8'));

describe('the projections', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
    await app.sync();
  });
  afterAll(() => app.close());

  it('say of what has changed exactly what the golden file says', async () => {
    await app.db.query(ROWS);
    await app.sync();
    expect(await actualImage(app.redis)).toEqual(GOLDEN);
  });

  it('say the same in a full snapshot', async () => {
    await app.redis.flushdb();
    await app.sync();
    expect(await actualImage(app.redis)).toEqual(GOLDEN);
  });
});
