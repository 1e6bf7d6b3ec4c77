import pg from 'pg';
import { loadConfig } from '../../../src/config/load-config.js';
import { parsePgDsn } from '../../../src/config/pg-dsn.js';
import { SYNC_KINDS, type SyncKind } from '../../../src/contract/redis-keys.js';
import { EACH_CHANGED } from '../../../src/sync/each-changed.js';
import { ResourceReader } from '../../../src/sync/resource-reader.js';
import { hasRecord, hashOf, recordKey, type Resource } from '../../../src/sync/resource.js';
import { createSources } from '../../../src/sync/sources.js';
import type { Sql } from '../../../src/sync/sync-database.js';
import { TEST_ENVIRONMENT } from '../../support/environment.js';
import { NUMBERS } from '../../support/image.js';
import type { Event } from './history.js';
import { recordText } from './observer.js';
import { CONFIGURATION, WITNESS } from './witness.js';

/** Versions between two looks at everything, which is what finds a change that no version lists. */
const STRIDE = 20;
const ALL = 1_000_000;

/** Rows that no version has ever listed. */
const UNDECLARED = `
  (SELECT 'namespace' AS kind, name AS ref FROM namespaces UNION ALL SELECT 'master', id::text FROM masters
   UNION ALL SELECT 'key', token_hash FROM key_secrets UNION ALL SELECT 'provider', id::text FROM api_keys
   UNION ALL SELECT 'model', name FROM models UNION ALL SELECT 'feature', name FROM features
   UNION ALL SELECT 'binding', namespace || '.' || public_model FROM bindings)
  EXCEPT SELECT kind, ref FROM sync_resource`;

interface NotedVersion {
  id: string;
  xid: string;
  gen: string;
  version: string;
  old_gen: string;
  old_version: string;
  operations: { request_id: string; gen: number; config_version: number }[] | null;
}

/** Tells afterwards what PostgreSQL wanted Redis to hold at each version. */
export class Journal {
  private told = '0';
  private toldChange = '0';
  private readonly listed = new Map<string, string | null>();
  private readonly reader: ResourceReader;
  private client!: pg.Client;

  private constructor(private readonly dsn: string) {
    const config = loadConfig({ ...TEST_ENVIRONMENT, EZ_PG_DSN: 'postgres://nobody@127.0.0.1/none' }, '/nonexistent');
    this.reader = new ResourceReader(createSources(config), ALL);
  }

  /** Sets a witness up in a database that holds nothing yet. */
  static async install(dsn: string): Promise<void> {
    const client = new pg.Client(parsePgDsn(dsn));
    await client.connect();
    await client.query(WITNESS);
    await client.end();
  }

  static async open(dsn: string): Promise<Journal> {
    const journal = new Journal(dsn);
    await journal.connected(() =>
      journal.client.query(
        `TRUNCATE ${CONFIGURATION.map((table) => `replay.${table}`).join(', ')}, replay.sync_resource`,
      ),
    );
    return journal;
  }

  /** What was committed since it was last asked. */
  news(): Promise<Event[]> {
    return this.connected(async () => {
      const events: Event[] = [...(await this.unversioned())];
      const versions = await this.versions();
      for (const [i, noted] of versions.entries()) {
        events.push(await this.version(noted));
        if (i % STRIDE === STRIDE - 1 || i === versions.length - 1) events.push(...(await this.unlisted(noted)));
      }
      return events;
    });
  }

  /** A connection for each question: a PostgreSQL that was killed in between took the last one along. */
  private async connected<T>(ask: () => Promise<T>): Promise<T> {
    this.client = new pg.Client({ ...parsePgDsn(this.dsn), types: NUMBERS });
    await this.client.connect();
    try {
      await this.client.query('SET search_path = replay, public');
      return await ask();
    } finally {
      await this.client.end();
    }
  }

  private async versions(): Promise<NotedVersion[]> {
    const versions = await this.sql.query<NotedVersion>(
      `SELECT v.id::text, v.xid::text, v.gen::text, v.version::text, v.old_gen::text, v.old_version::text,
              (SELECT json_agg(c."row") FROM witness.change c WHERE c.xid = v.xid AND c.relation = 'operation_logs') AS operations
         FROM witness.version v WHERE v.id > $1 ORDER BY v.gen, v.version`,
      [this.told],
    );
    for (const { id } of versions) if (BigInt(id) > BigInt(this.told)) this.told = id;
    return versions;
  }

  /** A transaction takes its version last, so what has none by now never had one: nobody writes while this is asked. */
  private async unversioned(): Promise<Event[]> {
    const found = await this.sql.query<{ tables: string[]; last: string }>(
      `SELECT array_agg(DISTINCT relation) AS tables, max(id)::text AS last FROM witness.change c
        WHERE id > $1 AND relation = ANY ($2) AND NOT EXISTS (SELECT FROM witness.version v WHERE v.xid = c.xid)
        GROUP BY xid`,
      [this.toldChange, CONFIGURATION],
    );
    const [latest] = await this.sql.query<{ id: string }>(
      'SELECT coalesce(max(id), 0)::text AS id FROM witness.change',
    );
    this.toldChange = latest!.id;
    return found.map(({ tables }) => ({ type: 'unversioned', tables }));
  }

  private async version({ xid, gen, version, old_gen, old_version, operations }: NotedVersion): Promise<Event> {
    if (gen !== old_gen) return { type: 'generation', gen, version, after: old_version };
    await this.client.query('SELECT witness.replay($1::text::xid8)', [xid]);
    const touched = await this.sql.query<{ kind: SyncKind; refs: string[] }>(
      `WITH touched AS (SELECT * FROM sync_resource WHERE version = $2)
       SELECT kind, array_agg(ref) AS refs FROM (${EACH_CHANGED}) each GROUP BY kind`,
      [String(BigInt(version) - 1n), version],
    );
    const things: Record<string, string | null> = {};
    for await (const { resources, broken } of this.reader.groups(this.sql, touched)) {
      if (broken.length > 0) throw new Error(`cannot be rendered: ${JSON.stringify(broken)}`);
      for (const resource of resources) Object.assign(things, thingsOf(resource));
    }
    for (const thing in things) this.listed.set(thing, things[thing]!);
    const named = (operations ?? []).map(({ request_id, ...at }) => ({
      request_id,
      isThis: String(at.gen) === gen && String(at.config_version) === version,
    }));
    return {
      type: 'version',
      gen,
      version,
      operations: named.filter(({ isThis }) => isThis).map(({ request_id }) => request_id),
      misnamed: named.filter(({ isThis }) => !isThis).map(({ request_id }) => request_id),
      things,
    };
  }

  /** Everything as it is at this version, against what the versions up to here have listed. */
  private async unlisted({ gen, version }: NotedVersion): Promise<Event[]> {
    const undeclared = await this.sql.query<{ kind: string; ref: string }>(UNDECLARED);
    const events: Event[] = undeclared.map(({ kind, ref }) => ({
      type: 'unlisted',
      gen,
      version,
      thing: `${kind} ${ref}`,
      listed: null,
      rendered: 'a row',
    }));
    for (const kind of SYNC_KINDS) {
      const { resources } = await this.reader.page(this.sql, kind, '');
      for (const [thing, rendered] of resources.flatMap((resource) => Object.entries(thingsOf(resource)))) {
        const listed = this.listed.get(thing) ?? null;
        if (listed === rendered) continue;
        events.push({ type: 'unlisted', gen, version, thing, listed, rendered });
        this.listed.set(thing, rendered);
      }
    }
    return events;
  }

  private readonly sql: Sql = {
    query: async <R>(text: string, values?: unknown[]) => (await this.client.query(text, values)).rows as R[],
  };
}

function thingsOf(resource: Resource): Record<string, string | null> {
  const things: Record<string, string | null> = {};
  const hash = hashOf(resource.kind);
  if (hash !== undefined) things[`${hash} ${resource.ref}`] = resource.field ?? null;
  if (hasRecord(resource.kind)) things[recordKey(resource)] = resource.record ? recordText(resource.record) : null;
  return things;
}
