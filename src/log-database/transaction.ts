import type pg from 'pg';

/** How a transaction of the log database begins. */
export const BEGIN = {
  /** Each statement sees what is committed by then. */
  write: 'BEGIN',
  /** All statements see the same; a lock taken first is taken before that moment. */
  snapshot: 'BEGIN ISOLATION LEVEL REPEATABLE READ',
  /** Compiling a statement, or starting workers for it, would take longer than running it. */
  read: 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL jit = off; SET LOCAL max_parallel_workers_per_gather = 0',
} as const;

/** All that `work` writes, or nothing. */
export async function inTransaction<T>(
  pool: pg.Pool,
  begin: keyof typeof BEGIN,
  work: (client: pg.ClientBase) => Promise<T>,
): Promise<T> {
  const client = await pool.connect();
  try {
    await client.query(BEGIN[begin]);
    const result = await work(client);
    await client.query('COMMIT');
    client.release();
    return result;
  } catch (error) {
    // Cheaper than to find out in what state it is; the server rolls back.
    client.release(true);
    throw error;
  }
}
