import { Logger } from '@nestjs/common';
import type { ClientBase } from 'pg';

/** What tells a server from one that shares its past; null: this server doesn't say. */
interface Lineage {
  /** The cluster and the database in it: others in a dump that was restored elsewhere, the same in a promoted replica. */
  place: string | null;
  /** Of the write-ahead log: a promotion and a recovery from the archive begin another. */
  timeline: string | null;
}

interface Recorded extends Lineage {
  gen: string;
  version: string;
  source: string;
}

const logger = new Logger('Lineage');

/**
 * Compares the server behind a new connection with the one that was recorded. One that went on from an earlier moment has
 * other content under the same versions, so another generation begins; a copy is another database, with a name of its own.
 */
export async function recognise(client: ClientBase): Promise<void> {
  const seen: Lineage = { place: await ask(client, PLACE), timeline: await ask(client, TIMELINE) };
  const { rows: heads } = await client.query<Recorded>(HEAD);
  const known = heads[0];
  if (!known || !(isOther(known.place, seen.place) || isOther(known.timeline, seen.timeline))) return;
  const { rows } = await client.query<Recorded>(RECORD, [seen.place, seen.timeline, known.place, known.timeline]);
  if (rows[0]) report(known, rows[0]);
}

const HEAD = 'SELECT place, timeline, gen::text, version::text, source::text FROM sync_head';

const PLACE = `SELECT system_identifier || '/' || oid AS answer FROM pg_control_system(), pg_database WHERE datname = current_database()`;

/** Not pg_control_checkpoint(): it tells only after the first checkpoint. */
const TIMELINE = 'SELECT left(pg_walfile_name(pg_current_wal_lsn()), 8) AS answer';

/** A database that was never used may be one of many made from the same template. */
const RECORD = `
  UPDATE sync_head
     SET gen = gen + CASE WHEN timeline <> $2 AND place IS NOT DISTINCT FROM coalesce($1, place) THEN 1 ELSE 0 END,
         source = CASE WHEN place <> $1 OR (place IS NULL AND version = 0) THEN gen_random_uuid() ELSE source END,
         place = coalesce($1, place),
         timeline = coalesce($2, timeline)
   WHERE place IS NOT DISTINCT FROM $3 AND timeline IS NOT DISTINCT FROM $4
  RETURNING place, timeline, gen::text, version::text, source::text`;

const isOther = (known: string | null, seen: string | null): boolean => seen !== null && seen !== known;

/** Managed servers may forbid the question, and a replica has no timeline of its own yet. */
async function ask(client: ClientBase, statement: string): Promise<string | null> {
  try {
    return (await client.query<{ answer: string | null }>(statement)).rows[0]?.answer ?? null;
  } catch (error) {
    if ((error as { code?: string }).code === undefined) throw error;
    return null;
  }
}

function report(before: Recorded, after: Recorded): void {
  if (before.place !== null && before.place !== after.place) {
    logger.error(
      `This database is a copy: it was at ${before.place} and is at ${after.place} now. From here on it is ${after.source}, ` +
        `and what Redis holds of ${before.source} is another database's`,
    );
  }
  if (before.gen !== after.gen) {
    logger.error(
      `PostgreSQL went back in time: it goes on with timeline ${after.timeline} at version ${before.version}, where it was on ` +
        `${before.timeline}. What was committed after that and is not here is lost. Generation ${after.gen} begins`,
    );
  }
}
