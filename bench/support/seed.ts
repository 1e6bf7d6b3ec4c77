import type { Pool } from 'pg';

export const MASTERS = 100;

/** What a client of this key would send, and what is kept of it. */
const TOKEN_HASH = (id: string): string => `encode(sha256(('ezk_bench_' || ${id})::bytea), 'hex')`;

/**
 * Tenants and keys as if they had been written in one configuration version, which takes minutes through the API. Every tenth
 * key says so in its name, and the number in its name is its own.
 */
export async function seed(pool: Pool, keys: number): Promise<void> {
  await pool.query(`
    INSERT INTO masters (name, version, master_key_hash, master_key_hint)
    SELECT 'tenant-' || n, 1, encode(sha256(('ezm_bench_' || n)::bytea), 'hex'), 'ezm_…' || lpad(n::text, 4, '0')
      FROM generate_series(1, ${MASTERS}) n`);
  await pool.query(`
    INSERT INTO keys (master_id, name, version, balance, scopes)
    SELECT 1 + n % ${MASTERS}, CASE n % 10 WHEN 0 THEN 'tenth' ELSE 'client' END || '-' || lpad(n::text, 7, '0'), 1, n % 100, '{chat:*}'
      FROM generate_series(1, ${keys}) n`);
  await pool.query(`
    INSERT INTO key_secrets (key_id, token_hash, hint) SELECT id, ${TOKEN_HASH('id')}, 'ezk_…' FROM keys ORDER BY id`);
  await pool.query(`
    INSERT INTO sync_resource (kind, ref, version, deleted)
    SELECT 'key', token_hash, 1, false FROM key_secrets UNION ALL SELECT 'master', id::text, 1, false FROM masters`);
  await pool.query('UPDATE sync_head SET version = 1');
  // What autovacuum would have done long before a table has grown to this.
  await pool.query('VACUUM ANALYZE');
}

export interface SeededKey {
  id: number;
  master_id: number;
  name: string;
  token_hash: string;
}

/** Some of the keys, in any order. */
export async function someKeys(pool: Pool, count: number): Promise<SeededKey[]> {
  const { rows } = await pool.query<SeededKey>(
    `SELECT k.id::int, k.master_id::int, k.name, s.token_hash FROM keys k JOIN key_secrets s ON s.key_id = k.id
      ORDER BY s.token_hash LIMIT $1`,
    [count],
  );
  return rows;
}
