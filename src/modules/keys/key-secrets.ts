import type { EntityManager } from 'typeorm';
import { DomainError } from '../../common/domain-error.js';
import { hashToken, newClientToken, tokenHint } from '../../contract/token.js';
import { insertRows } from '../../crud/rows.js';
import { ConstraintError, translateDatabaseError } from '../../database/constraint-errors.js';
import { KeySecret } from './key-secret.entity.js';
import type { Key } from './key.entity.js';

/** Every secret that lives is a record in Redis, and rotations with long overlaps would pile them up. */
export const MOST_SECRETS = 8;

/** What becomes a secret of one key: a new token, or hashes from elsewhere. */
export interface NewSecrets {
  token?: string;
  secrets: { token_hash: string; hint?: string }[];
}

export function newToken(): NewSecrets {
  const token = newClientToken();
  return { token, secrets: [{ token_hash: hashToken(token), hint: tokenHint(token) }] };
}

/** Gives each key its secrets, and the text of those that were just made. */
export async function issueSecrets(manager: EntityManager, keys: Key[], given: NewSecrets[]): Promise<void> {
  const rows = keys.flatMap(({ id: key_id }, i) =>
    given[i]!.secrets.map(({ token_hash, hint = UNKNOWN }) => ({ key_id, token_hash, hint })),
  );
  const metadata = manager.connection.getMetadata(KeySecret);
  const issued = await insertRows<KeySecret>(manager, metadata, rows).catch((error: unknown) => {
    throw takenHash(error, given) ?? error;
  });
  const byKey = groupByKey(issued);
  keys.forEach((key, i) => {
    key.secrets = byKey.get(key.id)!;
    key.token = given[i]!.token;
  });
}

export async function loadSecrets(manager: EntityManager, keys: Key[]): Promise<void> {
  const rows = await manager
    .createQueryBuilder(KeySecret, 's')
    .where('s.key_id = ANY (:ids)', { ids: keys.map(({ id }) => id) })
    .orderBy('s.id')
    .getMany();
  const byKey = groupByKey(rows);
  for (const key of keys) key.secrets = byKey.get(key.id) ?? [];
}

/** Ends all secrets of these keys for good. */
export async function revokeSecrets(manager: EntityManager, keys: Key[]): Promise<void> {
  await manager.query('UPDATE key_secrets SET revoked_at = now() WHERE key_id = ANY ($1) AND revoked_at IS NULL', [
    keys.map(({ id }) => id),
  ]);
}

/**
 * For keys that are about to be deleted. What was revoked or rotated away stays behind, and so can never be registered again;
 * a secret that was good to the last may move to another key.
 */
export async function partFromSecrets(manager: EntityManager, keys: Key[]): Promise<void> {
  const ids = keys.map(({ id }) => id);
  await manager.query('DELETE FROM key_secrets WHERE key_id = ANY ($1) AND revoked_at IS NULL AND expires_at IS NULL', [
    ids,
  ]);
  await manager.query(
    'UPDATE key_secrets SET key_id = NULL, revoked_at = coalesce(revoked_at, now()) WHERE key_id = ANY ($1)',
    [ids],
  );
}

/** Lets the secrets of a key live on for a while. One that was to end sooner still does. */
export async function limitSecrets(manager: EntityManager, { id }: Key, overlapSeconds: number): Promise<void> {
  await manager.query(
    `UPDATE key_secrets SET expires_at = LEAST(expires_at, now() + make_interval(secs => $2))
      WHERE key_id = $1 AND revoked_at IS NULL`,
    [id, overlapSeconds],
  );
}

export const isLive = ({ revoked_at }: KeySecret): boolean => revoked_at === null;

export const hashesOf = (keys: Key[]): string[] =>
  keys.flatMap(({ secrets }) => secrets.map(({ token_hash }) => token_hash));

const UNKNOWN = '…';

function groupByKey(secrets: KeySecret[]): Map<number | null, KeySecret[]> {
  const byKey = new Map<number | null, KeySecret[]>();
  for (const secret of secrets) {
    const known = byKey.get(secret.key_id);
    if (known) known.push(secret);
    else byKey.set(secret.key_id, [secret]);
  }
  return byKey;
}

/** The constraint names a hash; the caller wants to know which of the secrets in the request has it. */
function takenHash(error: unknown, given: NewSecrets[]): DomainError | undefined {
  const violation = translateDatabaseError(error);
  if (!(violation instanceof ConstraintError)) return undefined;
  const hash = violation.subject?.values[0];
  const index = given.findLastIndex(({ secrets }) => secrets.some(({ token_hash }) => token_hash === hash));
  if (index < 0) return undefined;
  const place = given[index]!.secrets.findLastIndex(({ token_hash }) => token_hash === hash);
  const message = 'A key has this secret, or it was revoked, which is final';
  return new DomainError(violation.kind, message, {
    code: violation.code,
    errors: [{ pointer: `/${index}/secrets/${place}/token_hash`, message }],
  });
}
