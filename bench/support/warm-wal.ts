import type pg from 'pg';

const MEGABYTES = 2048;
const AT_ONCE = 16;

/**
 * Writes as much to PostgreSQL's write-ahead log as a minute of ingest does. A server that has run for a while writes over segments of it that
 * it needs no more; a new one has to make each first, and writes everything twice.
 */
export async function warmWal(pool: pg.Pool): Promise<void> {
  for (let written = 0; written < MEGABYTES; written += AT_ONCE) {
    await pool.query(`SELECT pg_logical_emit_message(false, 'warm', repeat('x', ${AT_ONCE << 20}))`);
  }
  await pool.query('CHECKPOINT');
}
