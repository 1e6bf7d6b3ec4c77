import { afterAll, beforeAll } from '@jest/globals';
import type { TestApp } from '../support/app.js';
import { aMaster } from '../support/gateway.js';
import { startReplicas } from '../support/replicas.js';

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
    [at.app, at.replica] = await startReplicas();
    at.master = (await aMaster(at.app)).id;
  });
  afterAll(async () => {
    await at.replica.close();
    await at.app.close();
  });
  return at;
}
