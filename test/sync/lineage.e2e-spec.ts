import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { parsePgDsn } from '../../src/config/pg-dsn.js';
import { recognise } from '../../src/sync/lineage.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

interface Head {
  gen: string;
  version: string;
  source: string;
  place: string | null;
  timeline: string | null;
}

describe('the first look at a connection to PostgreSQL', () => {
  let database: TestDatabase;
  let client: pg.Client;

  beforeAll(async () => {
    database = await createTestDatabase();
    client = new pg.Client(parsePgDsn(database.dsn));
    await client.connect();
  });
  afterAll(async () => {
    await client.end();
    await database.drop();
  });
  beforeEach(async () => {
    await client.query('UPDATE sync_head SET gen = 1, version = 7, place = NULL, timeline = NULL');
    await recognise(client);
  });

  const head = async (): Promise<Head> => (await client.query<Head>('SELECT * FROM sync_head')).rows[0]!;

  it('records where it is, and changes nothing where that is known', async () => {
    const before = await head();
    expect(before).toMatchObject({ gen: '1', version: '7', timeline: '00000001' });
    expect(before.place).toMatch(/^\d+\/\d+$/);
    await Promise.all([recognise(client), recognise(client)]);
    expect(await head()).toEqual(before);
  });

  it('begins a generation on another timeline', async () => {
    const before = await head();
    await client.query(`UPDATE sync_head SET timeline = '00000007'`);
    await recognise(client);
    expect(await head()).toEqual({ ...before, gen: '2' });
  });

  it('gives a copy a name of its own, whose history goes on', async () => {
    const before = await head();
    await client.query(`UPDATE sync_head SET place = '1/2', timeline = '00000007'`);
    await recognise(client);
    const after = await head();
    expect(after).toEqual({ ...before, source: after.source });
    expect(after.source).not.toBe(before.source);
  });

  it('gives each database that was made from a template and never used a name of its own', async () => {
    const before = await head();
    await client.query('UPDATE sync_head SET version = 0, place = NULL');
    await recognise(client);
    expect((await head()).source).not.toBe(before.source);
  });

  it('keeps what it knows where the server does not say', async () => {
    const before = await head();
    await client.query(`
      CREATE SCHEMA silent;
      CREATE FUNCTION silent.pg_control_system() RETURNS TABLE (system_identifier bigint) LANGUAGE plpgsql
        AS $$ BEGIN RAISE insufficient_privilege; END $$;
      CREATE FUNCTION silent.pg_current_wal_lsn() RETURNS pg_lsn LANGUAGE plpgsql
        AS $$ BEGIN RAISE insufficient_privilege; END $$;
      SET search_path = silent, pg_catalog, public`);
    try {
      await recognise(client);
      expect(await head()).toEqual(before);
    } finally {
      await client.query('RESET search_path');
    }
  });
});
