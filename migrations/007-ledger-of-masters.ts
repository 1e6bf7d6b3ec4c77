import type { MigrationInterface, QueryRunner } from 'typeorm';

/** By master, sums of old lines are found as the lines themselves are. */
export class LedgerOfMasters007 implements MigrationInterface {
  readonly name = 'LedgerOfMasters1760000000007';

  async up(db: QueryRunner): Promise<void> {
    await db.query('CREATE INDEX ix_ledger_closed_master_id ON usage.ledger_closed (master_id)');
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP INDEX usage.ix_ledger_closed_master_id');
  }
}
