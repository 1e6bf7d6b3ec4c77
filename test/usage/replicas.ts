import { afterAll, beforeAll } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { aMaster } from '../support/gateway.js';

/** Two servers of one database and one Redis, and a master, for a whole spec. */
export class Replicas {
  app!: TestApp;
  replica!: TestApp;
  master!: number;

  get both(): TestApp[] {
    return [this.app, this.replica];
  }
}

export function twoReplicas(): Replicas {
  const at = new Replicas();
  beforeAll(async () => {
    at.app = await startApp();
    at.replica = await startApp({ EZ_REDIS_DB: String(at.app.redis.options.db) }, () => at.app.dsn);
    at.master = (await aMaster(at.app)).id;
  });
  afterAll(async () => {
    await at.replica.close();
    await at.app.close();
  });
  return at;
}
