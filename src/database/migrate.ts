import { DataSource, type MigrationInterface } from 'typeorm';
import { migrations } from '../../migrations/index.js';
import { logMigrations } from '../../migrations/logs/index.js';
import type { PgOptions } from '../config/pg-dsn.js';
import { Session } from './session.js';

/** A schema of PostgreSQL and the migrations that made it. */
export interface MigrationSet {
  schema: string;
  migrations: (new () => MigrationInterface)[];
  /** Of the advisory lock: any number that every EZ-API release agrees on. */
  lock: number;
}

export const CONFIGURATION: MigrationSet = { schema: 'public', migrations, lock: 7_361_405 };
export const LOGS: MigrationSet = { schema: 'logs', migrations: logMigrations, lock: 7_361_407 };

/** Brings both schemas up to date, wherever they are. @returns names of the migrations applied now */
export async function migrateAll(configuration: PgOptions, logs: PgOptions = configuration): Promise<string[]> {
  return [...(await migrate(configuration, CONFIGURATION)), ...(await migrate(logs, LOGS))];
}

/**
 * Applies what is missing, in order, one transaction each. Concurrent callers wait for each other on an advisory lock.
 * @returns names of the migrations applied now
 */
export async function migrate(connection: PgOptions, set: MigrationSet): Promise<string[]> {
  const lock = new Session({ ...connection, application_name: 'ez-api migrate' });
  await lock.connect();
  try {
    await lock.query('SELECT pg_advisory_lock($1)', [set.lock]);
    if ((await schemaState(lock, set)).missing.length === 0) return [];
    await createSchema(lock, set.schema);
    return await runMigrations(connection, set);
  } finally {
    await lock.end();
  }
}

/** Only where it is missing: creating one takes a right that the owner of `public` may not have. */
async function createSchema(db: Session, schema: string): Promise<void> {
  const { rowCount } = await db.query('SELECT FROM pg_namespace WHERE nspname = $1', [schema]);
  if (rowCount === 0) await db.query(`CREATE SCHEMA ${schema}`);
}

async function runMigrations(connection: PgOptions, set: MigrationSet): Promise<string[]> {
  const source = new DataSource({
    type: 'postgres',
    extra: connection,
    schema: set.schema,
    migrations: set.migrations,
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
export async function schemaState(db: Queryable, set: MigrationSet): Promise<SchemaState> {
  const expected = set.migrations.map((migration) => new migration().name!);
  const applied = await appliedMigrations(db, set.schema);
  return {
    missing: expected.filter((name) => !applied.includes(name)),
    unknown: applied.filter((name) => !expected.includes(name)),
  };
}

async function appliedMigrations(db: Queryable, schema: string): Promise<string[]> {
  try {
    return (await db.query(`SELECT name FROM ${schema}.migrations ORDER BY id`)).rows.map(({ name }) => name);
  } catch (error) {
    const UNDEFINED_TABLE = '42P01';
    if ((error as { code?: string }).code === UNDEFINED_TABLE) return [];
    throw error;
  }
}
