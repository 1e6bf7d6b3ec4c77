import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { migrations } from '../../migrations/index.js';
import { loadConfig } from '../../src/config/load-config.js';
import { parsePgDsn } from '../../src/config/pg-dsn.js';
import { dataSourceOptions } from '../../src/data-source.js';
import { CONFIGURATION, migrate, schemaState } from '../../src/database/migrate.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

describe('migrations', () => {
  let database: TestDatabase;
  let source: DataSource;

  beforeAll(async () => {
    database = await createTestDatabase();
    const config = loadConfig({ EZ_PG_DSN: database.dsn }, '/nonexistent');
    source = await new DataSource({ ...dataSourceOptions(config), migrations }).initialize();
  });
  afterAll(async () => {
    await source.destroy();
    await database.drop();
  });

  it('make exactly the tables that the entities describe', async () => {
    const { upQueries } = await source.driver.createSchemaBuilder().log();
    expect(upQueries.map(({ query }) => query)).toEqual([]);
  });

  it('give every constraint and index a name that says what it is', async () => {
    const rows = await source.query<{ name: string }[]>(`
      SELECT conname AS name FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'n'
      UNION ALL
      SELECT indexname FROM pg_indexes WHERE schemaname = 'public'`);
    const unreadable = rows.map(({ name }) => name).filter((name) => !/^(pk|uq|fk|ck|ix)_[a-z_]+$/.test(name));
    expect(unreadable.filter((name) => !OF_THE_MIGRATION_TABLE.has(name))).toEqual([]);
  });

  it('do nothing when all are applied, however many start at once', async () => {
    const connection = parsePgDsn(database.dsn);
    expect(await Promise.all([1, 2, 3].map(() => migrate(connection, CONFIGURATION)))).toEqual([[], [], []]);
    expect(await missingAndUnknown()).toEqual({ missing: [], unknown: [] });
  });

  it('go down and up again', async () => {
    for (const _ of migrations) await source.undoLastMigration();
    expect((await missingAndUnknown()).missing).toHaveLength(migrations.length);
    await migrate(parsePgDsn(database.dsn), CONFIGURATION);
    expect(await missingAndUnknown()).toEqual({ missing: [], unknown: [] });
  });

  it('keep the hashes of revoked secrets whose keys were deleted before they were kept', async () => {
    const secret = (digit: string, revoked_at: string | null) => ({
      token_hash: digit.repeat(64),
      hint: `…${digit}`,
      created_at: '2025-01-01T00:00:00Z',
      expires_at: null,
      revoked_at,
    });
    const key = { secrets: [secret('a', '2025-01-02T00:00:00Z'), secret('b', null)] };
    while (!(await missingAndUnknown()).missing.includes(REVOKED_SECRETS)) await source.undoLastMigration();
    await source.query(
      `INSERT INTO operation_logs (actor_type, actor_id, actor_name, action, resource, before, gen, config_version)
            VALUES ('admin', 'admin', 'admin', 'delete', 'key', $1, 1, 1), ('admin', 'admin', 'admin', 'delete', 'key', $1, 1, 2)`,
      [JSON.stringify(key)],
    );
    await migrate(parsePgDsn(database.dsn), CONFIGURATION);
    expect(await source.query('SELECT key_id, token_hash, hint FROM key_secrets')).toEqual([
      { key_id: null, token_hash: 'a'.repeat(64), hint: '…a' },
    ]);
  });

  it('tell a database that is newer than this release', async () => {
    await source.query(`INSERT INTO migrations (timestamp, name) VALUES (9999999999999, 'FromTheFuture9999999999999')`);
    expect((await missingAndUnknown()).unknown).toEqual(['FromTheFuture9999999999999']);
  });

  const missingAndUnknown = () =>
    schemaState({ query: async (sql) => ({ rows: await source.query(sql) }) }, CONFIGURATION);
});

const REVOKED_SECRETS = 'RevokedSecrets1760000000006';

/** TypeORM makes the table in which it notes what it applied. */
const OF_THE_MIGRATION_TABLE = new Set(['PK_8c82d7f526340ab734260ea46be']);
