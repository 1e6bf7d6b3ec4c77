import type pg from 'pg';
import type { LogBatch } from './log-batch.js';
import type { Flush } from './log-store.js';

/** No node of a balancer is called like this. */
const FLUSHES = '~flush';

interface Key {
  node: string;
  batch_id: string;
}

/**
 * Enters batches and the flush itself into `logs.batches`. Another transaction that writes one of them is waited for, whichever
 * replica runs it; all enter in the same order, so that they can't wait for each other in a circle.
 * @returns the batches that are to be written now; none if this flush was committed before
 */
export async function claimBatches(client: pg.ClientBase, { id, batches }: Flush): Promise<LogBatch[]> {
  const keys = batches.flatMap(({ key }) => (key ? [{ node: key.node, batch_id: key.id }] : []));
  const sorted = [...keys, { node: FLUSHES, batch_id: id }].toSorted(byKey);
  const { rows } = await client.query<Key>(CLAIM, [
    sorted.map(({ node }) => node),
    sorted.map(({ batch_id }) => batch_id),
  ]);
  const claimed = new Set(rows.map(textOf));
  if (!claimed.has(textOf({ node: FLUSHES, batch_id: id }))) return [];
  return batches.filter((batch) => {
    if (batch.key) batch.isDuplicate = !claimed.delete(textOf({ node: batch.key.node, batch_id: batch.key.id }));
    return !batch.isDuplicate;
  });
}

const CLAIM = `
  INSERT INTO logs.batches (node, batch_id) SELECT * FROM unnest($1::text[], $2::text[])
  ON CONFLICT DO NOTHING RETURNING node, batch_id`;

const textOf = ({ node, batch_id }: Key): string => `${node}\n${batch_id}`;

const byKey = (a: Key, b: Key): number => (textOf(a) < textOf(b) ? -1 : 1);
