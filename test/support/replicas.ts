import { startApp, type TestApp } from './app.js';

/** Two servers of one database and one Redis. The first one dispatches; it is the one to be closed last. */
export async function startReplicas(): Promise<[first: TestApp, second: TestApp]> {
  const first = await startApp();
  await first.sync();
  return [first, await startApp({ EZ_REDIS_DB: String(first.redis.options.db) }, () => first.dsn)];
}
