import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What operators have asked of the replica that dispatches, until it is done. */
export class SyncRequests005 implements MigrationInterface {
  readonly name = 'SyncRequests1760000000005';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      CREATE TABLE sync_requests (
        id uuid NOT NULL,
        kind text NOT NULL,
        asked_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_sync_requests PRIMARY KEY (id),
        CONSTRAINT ck_sync_requests_kind CHECK (kind IN ('snapshot', 'reconcile'))
      )`);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query('DROP TABLE sync_requests');
  }
}
