import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A revoked secret outlives its key, so that its hash stays taken. Those of keys that are gone already are told by the log. */
const KEEP = `
ALTER TABLE key_secrets
  ALTER COLUMN key_id DROP NOT NULL,
  DROP CONSTRAINT fk_key_secrets_key_id,
  ADD CONSTRAINT fk_key_secrets_key_id FOREIGN KEY (key_id) REFERENCES keys (id) ON DELETE SET NULL,
  ADD CONSTRAINT ck_key_secrets_key_id CHECK (key_id IS NOT NULL OR revoked_at IS NOT NULL);

INSERT INTO key_secrets (token_hash, hint, created_at, expires_at, revoked_at)
SELECT token_hash, hint, created_at, expires_at, revoked_at
  FROM operation_logs, jsonb_to_recordset(before -> 'secrets')
       AS secret (token_hash text, hint text, created_at timestamptz, expires_at timestamptz, revoked_at timestamptz)
 WHERE resource = 'key' AND action = 'delete' AND revoked_at IS NOT NULL
    ON CONFLICT (token_hash) DO NOTHING;
`;

export class RevokedSecrets006 implements MigrationInterface {
  readonly name = 'RevokedSecrets1760000000006';

  async up(q: QueryRunner): Promise<void> {
    await q.query(KEEP);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query(`
      DELETE FROM key_secrets WHERE key_id IS NULL;
      ALTER TABLE key_secrets
        DROP CONSTRAINT ck_key_secrets_key_id,
        DROP CONSTRAINT fk_key_secrets_key_id,
        ADD CONSTRAINT fk_key_secrets_key_id FOREIGN KEY (key_id) REFERENCES keys (id) ON DELETE CASCADE,
        ALTER COLUMN key_id SET NOT NULL`);
  }
}
