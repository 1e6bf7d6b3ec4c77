/**
 * A function call that makes the end of its transaction wait until the log of PostgreSQL is safe up to there, in whatever
 * sense `synchronous_commit` has on this connection: on the disk, or on standbys too. It writes an empty message to the
 * log, which nobody reads: a transaction that has written nothing would not wait.
 */
export const FLUSH = `pg_logical_emit_message(true, 'ez-api', '')`;
