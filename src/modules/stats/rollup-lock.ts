import type pg from 'pg';

/** Any number that every EZ-API release agrees on. */
const ROLLUPS_LOCK = 7_361_410;
const RETENTION_LOCK = 7_361_411;

/**
 * Whoever moves or replaces roll-ups does it alone; flushes never need this. Until the session ends, so that it can be had before
 * a transaction takes its snapshot.
 */
export async function lockRollups(client: pg.ClientBase): Promise<void> {
  await client.query('SELECT pg_advisory_lock($1)', [ROLLUPS_LOCK]);
}

/** Until the transaction ends. @returns whether nobody else has it */
export async function tryLockRollups(client: pg.ClientBase): Promise<boolean> {
  const { rows } = await client.query<{ won: boolean }>('SELECT pg_try_advisory_xact_lock($1) AS won', [ROLLUPS_LOCK]);
  return rows[0]!.won;
}

/** Until the session ends. @returns whether nobody else has it */
export async function tryLockRetention(client: pg.ClientBase): Promise<boolean> {
  const { rows } = await client.query<{ won: boolean }>('SELECT pg_try_advisory_lock($1) AS won', [RETENTION_LOCK]);
  return rows[0]!.won;
}
