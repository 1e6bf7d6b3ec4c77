import type pg from 'pg';
import type { BatchKey, LogBatch } from './log-batch.js';
import type { Flush } from './log-store.js';

/** No node of a balancer is called like this. */
const FLUSHES = '~flush';

interface Key {
  node: string;
  batch_id: string;
  digest: string;
}

/**
 * Enters batches and the flush itself into `logs.batches`. Another transaction that writes one of them is waited for, whichever
 * replica runs it; all enter in the same order, so that they can't wait for each other in a circle.
 * @returns the batches that are to be written now; none if this flush was committed before
 */
export async function claimBatches(client: pg.ClientBase, { id, batches }: Flush): Promise<LogBatch[]> {
  const keys = batches.flatMap(({ key }) => (key ? [keyOf(key)] : []));
  const flush = { node: FLUSHES, batch_id: id, digest: '' };
  const sorted = [...keys, flush].toSorted(byKey);
  const { rows } = await client.query<Key>(CLAIM, [
    sorted.map(({ node }) => node),
    sorted.map(({ batch_id }) => batch_id),
    sorted.map(({ digest }) => digest),
  ]);
  const claimed = new Set(rows.map(textOf));
  if (!claimed.has(textOf(flush))) return [];
  for (const batch of batches) batch.forgetOutcome();
  const known = batches.filter(({ key }) => key && !claimed.delete(textOf(keyOf(key))));
  if (known.length > 0) await tellReused(client, known);
  return batches.filter((batch) => !known.includes(batch));
}

/** Tells batches that came before from others that go by their name. */
async function tellReused(client: pg.ClientBase, known: readonly LogBatch[]): Promise<void> {
  const keys = known.map(({ key }) => keyOf(key!));
  const { rows } = await client.query<Key>(FIND, [keys.map(({ node }) => node), keys.map(({ batch_id }) => batch_id)]);
  const stored = new Set(rows.map(textOf));
  for (const batch of known) {
    batch.isDuplicate = stored.has(textOf(keyOf(batch.key!)));
    batch.isReused = !batch.isDuplicate;
  }
}

const CLAIM = `
  INSERT INTO logs.batches (node, batch_id, digest) SELECT * FROM unnest($1::text[], $2::text[], $3::text[])
  ON CONFLICT DO NOTHING RETURNING node, batch_id, digest`;

const FIND = `
  SELECT node, batch_id, digest FROM logs.batches
   WHERE (node, batch_id) IN (SELECT * FROM unnest($1::text[], $2::text[]))`;

const keyOf = ({ node, id, digest }: BatchKey): Key => ({ node, batch_id: id, digest });

const textOf = ({ node, batch_id, digest }: Key): string => `${node}\n${batch_id}\n${digest}`;

const byKey = (a: Key, b: Key): number => (textOf(a) < textOf(b) ? -1 : 1);
