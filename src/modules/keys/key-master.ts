import type { EntityManager } from 'typeorm';
import { DomainError, notFound } from '../../common/domain-error.js';
import type { Master } from '../masters/master.entity.js';

/** What writing a key needs to know of its master. */
export type Tenant = Pick<Master, 'namespaces' | 'max_child_keys'>;

/** Locks the master of keys that are written, so that whoever changes the master sees them all. */
export async function lockMaster(manager: EntityManager, id: number): Promise<Tenant> {
  const [tenant] = await manager.query<Tenant[]>(
    'SELECT namespaces, max_child_keys FROM masters WHERE id = $1 FOR SHARE',
    [id],
  );
  if (!tenant) throw notFound('master');
  return tenant;
}

/**
 * Locks the master of keys that are about to be made. Where they are limited, only one at a time may count them; where
 * they are not, many may be made at once. Asking for the second lock after the first would deadlock with others who do.
 */
export async function lockMasterOfNewKeys(manager: EntityManager, id: number): Promise<Tenant> {
  const ask = async (): Promise<Tenant | undefined> => (await manager.query<Tenant[]>(LOCK_AS_LIMITED, [id]))[0];
  // Neither half finds a master whose limit was set or lifted while its row was waited for; then it has changed by now.
  const tenant = (await ask()) ?? (await ask());
  if (!tenant) throw notFound('master');
  return tenant;
}

const LOCK_AS_LIMITED = `
  WITH limited AS (
    SELECT namespaces, max_child_keys FROM masters WHERE id = $1 AND max_child_keys > 0 FOR NO KEY UPDATE
  ), unlimited AS (
    SELECT namespaces, max_child_keys FROM masters WHERE id = $1 AND max_child_keys = 0 FOR SHARE
  )
  SELECT * FROM limited UNION ALL SELECT * FROM unlimited`;

/** A statement of its own: the one that waited for the lock does not see the keys that were made meanwhile. */
export async function assertRoom(
  manager: EntityManager,
  masterId: number,
  { max_child_keys }: Tenant,
  wanted: number,
): Promise<void> {
  if (max_child_keys === 0) return;
  const [row] = await manager.query<{ count: number }[]>(
    `SELECT count(*)::int AS count FROM keys WHERE master_id = $1 AND status <> 'revoked'`,
    [masterId],
  );
  const room = max_child_keys - row!.count;
  if (wanted <= room) return;
  const message = `This master may have at most ${max_child_keys} keys that are not revoked`;
  const errors = [{ pointer: `/${Math.max(room, 0)}`, message }];
  throw new DomainError('conflict', message, { code: 'max_child_keys', errors });
}
