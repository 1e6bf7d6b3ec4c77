import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Where the database lives, by which a copy of it is told from itself, and what waits for an operator's word. */
export class Holds002 implements MigrationInterface {
  readonly name = 'Holds1764000000002';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      ALTER TABLE sync_head ADD COLUMN place text;
      CREATE TABLE sync_holds (
        cause text NOT NULL,
        id uuid NOT NULL DEFAULT gen_random_uuid(),
        source text,
        losses jsonb NOT NULL,
        since timestamptz NOT NULL DEFAULT now(),
        confirmed_at timestamptz,
        CONSTRAINT pk_sync_holds PRIMARY KEY (cause),
        CONSTRAINT uq_sync_holds_id UNIQUE (id),
        CONSTRAINT ck_sync_holds_cause CHECK (cause IN ('takeover', 'snapshot', 'reconcile'))
      )`);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query('DROP TABLE sync_holds; ALTER TABLE sync_head DROP COLUMN place');
  }
}
