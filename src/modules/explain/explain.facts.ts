import type { EntityManager } from 'typeorm';
import { inheritedFields, type KeyWithMaster } from '../../contract/inheritance.js';
import type { Key, KeyStatus } from '../keys/key.entity.js';
import type { MasterStatus } from '../masters/master.entity.js';
import type { NamespaceStatus } from '../namespaces/namespace.entity.js';

type OwnFacts = Pick<
  Key,
  'name' | 'namespaces' | 'default_namespace' | 'model_limits_enabled' | 'model_limits' | 'allow_ips' | 'deny_ips'
>;

/** A key as one of its secrets opens it, with what it inherits from its master filled in. */
export interface KeyFacts extends OwnFacts {
  id: number;
  hint: string;
  status: KeyStatus;
  is_secret_revoked: boolean;
  is_expired: boolean;
  is_exhausted: boolean;
  route_group: string;
  master_id: number;
  master_name: string;
  master_status: MasterStatus;
}

type KeyRow = Omit<KeyFacts, 'route_group'> & KeyWithMaster;

export async function findKey(manager: EntityManager, tokenHash: string): Promise<KeyFacts | undefined> {
  const [row] = await manager.query<KeyRow[]>(
    `SELECT k.id::float8 AS id, k.name, s.hint, k.status, s.revoked_at IS NOT NULL AS is_secret_revoked,
            coalesce(least(k.expires_at, s.expires_at) <= now(), false) AS is_expired,
            coalesce(k.quota_used >= k.quota_limit, false) AS is_exhausted,
            k."group", k.namespaces, k.default_namespace, k.model_limits_enabled, k.model_limits, k.allow_ips, k.deny_ips,
            m.id::float8 AS master_id, m.name AS master_name, m.status AS master_status, m."group" AS master_group,
            m.namespaces AS master_namespaces, m.default_namespace AS master_default_namespace
       FROM key_secrets s JOIN keys k ON k.id = s.key_id JOIN masters m ON m.id = k.master_id
      WHERE s.token_hash = $1`,
    [tokenHash],
  );
  if (!row) return undefined;
  const { group: route_group, ...inherited } = inheritedFields(row);
  return { ...row, ...inherited, route_group };
}

export async function findNamespaceStatus(manager: EntityManager, name: string): Promise<NamespaceStatus | undefined> {
  const [row] = await manager.query<{ status: NamespaceStatus }[]>('SELECT status FROM namespaces WHERE name = $1', [
    name,
  ]);
  return row?.status;
}
