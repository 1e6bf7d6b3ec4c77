import { DataSource } from 'typeorm';
import { migrations } from '../../migrations/index.js';
import type { PgOptions } from '../config/pg-dsn.js';
import { Session } from './session.js';

/** Any number that every EZ-API release agrees on. */
const MIGRATION_LOCK = 7_361_405;

const EXPECTED: string[] = migrations.map((migration) => new migration().name);

/**
 * Applies what is missing, in order, one transaction each. Concurrent callers wait for each other on an advisory lock.
 * @returns names of the migrations applied now
 */
export async function migrate(connection: PgOptions): Promise<string[]> {
  const lock = new Session({ ...connection, application_name: 'ez-api migrate' });
  await lock.connect();
  try {
    await lock.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    if ((await schemaState(lock)).missing.length === 0) return [];
    return await runMigrations(connection);
  } finally {
    await lock.end();
  }
}

async function runMigrations(connection: PgOptions): Promise<string[]> {
  const source = new DataSource({
    type: 'postgres',
    extra: connection,
    migrations,
    migrationsTransactionMode: 'each',
    installExtensions: false,
  });
  await source.initialize();
  try {
    return (await source.runMigrations()).map(({ name }) => name);
  } finally {
    await source.destroy();
  }
}

export interface SchemaState {
  /** Known here, not applied there: the database is older than this release. */
  missing: string[];
  /** Applied there, not known here: the database is newer than this release. */
  unknown: string[];
}

interface Queryable {
  query(sql: string): Promise<{ rows: { name: string }[] }>;
}

/** Compares what this release expects with what the database has. */
export async function schemaState(db: Queryable): Promise<SchemaState> {
  const applied = await appliedMigrations(db);
  return {
    missing: EXPECTED.filter((name) => !applied.includes(name)),
    unknown: applied.filter((name) => !EXPECTED.includes(name)),
  };
}

async function appliedMigrations(db: Queryable): Promise<string[]> {
  try {
    return (await db.query('SELECT name FROM migrations ORDER BY id')).rows.map(({ name }) => name);
  } catch (error) {
    const UNDEFINED_TABLE = '42P01';
    if ((error as { code?: string }).code === UNDEFINED_TABLE) return [];
    throw error;
  }
}
