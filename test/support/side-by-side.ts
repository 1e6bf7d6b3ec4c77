import type { TestApp } from './app.js';

const LONGEST_WAIT_MS = 2_500;

/**
 * Runs writes so that none is committed before each has gone as far as the locks of the others let it: the worst order for
 * whoever forgets a lock. They commit in the order in which they are given, or in which they wait for each other.
 */
export async function sideBySide<T extends unknown[]>(
  app: TestApp,
  ...writes: { [I in keyof T]: () => Promise<T[I]> }
): Promise<T> {
  const holder = app.db.createQueryRunner();
  await holder.startTransaction();
  try {
    await holder.query('SELECT FROM sync_head FOR UPDATE');
    const running: Promise<unknown>[] = [];
    for (const write of writes) {
      running.push(write());
      await untilWaiting(app, running.length);
    }
    await holder.rollbackTransaction();
    return (await Promise.all(running)) as T;
  } finally {
    await holder.release();
  }
}

/** The version that last declared a binding changed. Redis alone doesn't tell: it may have been read later for another reason. */
export async function declaredAt(
  { db }: TestApp,
  binding: { namespace: string; public_model: string },
): Promise<string> {
  const [resource] = await db.query<{ version: string }[]>(
    `SELECT version FROM sync_resource WHERE kind = 'binding' AND ref = $1`,
    [`${binding.namespace}.${binding.public_model}`],
  );
  return resource!.version;
}

async function untilWaiting({ db }: TestApp, count: number): Promise<void> {
  const deadline = Date.now() + LONGEST_WAIT_MS;
  while (Date.now() < deadline) {
    const [row] = await db.query<{ waiting: number }[]>(
      `SELECT count(*)::int AS waiting FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'ez-api' AND wait_event_type = 'Lock'`,
    );
    if (row!.waiting >= count) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`Of the writes, not all ${count} came to wait for a lock`);
}
