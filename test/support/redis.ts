import { Redis } from 'ioredis';

import { parseRedisAddr } from '../../src/config/redis-addr.js';
import { requiredEnvironment } from './environment.js';

export interface TestRedis {
  addr: string;
  password: string;
  db: number;
  /** Connected to that database, for looking at what the application wrote. */
  client: Redis;
  close(): Promise<void>;
}

/** Two workers then fit into the 16 databases that a Redis has unless told otherwise. */
const DATABASES_PER_WORKER = 8;
let claimed = 0;

/** An empty database that no other running spec file uses; a file may claim several. */
export async function claimRedisDb(): Promise<TestRedis> {
  if (claimed === DATABASES_PER_WORKER)
    throw new Error(`a spec file can claim ${DATABASES_PER_WORKER} Redis databases`);
  const worker = Number(requiredEnvironment('JEST_WORKER_ID')) - 1;
  const db = worker * DATABASES_PER_WORKER + claimed++;
  const { nodes, ...credentials } = parseRedisAddr(requiredEnvironment('EZ_REDIS_ADDR'));
  const { host, port } = nodes[0]!;
  const password = credentials.password ?? process.env.EZ_REDIS_PASSWORD ?? '';

  const client = new Redis({ host, port, password, db });
  await client.flushdb();
  return {
    addr: `${host}:${port}`,
    password,
    db,
    client,
    close: async () => {
      await client.flushdb();
      client.disconnect();
    },
  };
}
