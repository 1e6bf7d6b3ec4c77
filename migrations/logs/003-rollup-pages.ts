import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Every compaction adds to the rows of the current minute, hour and day, which lie together. With a third of each page left free, the new
 * versions of its rows find room beside the old ones, and no index has to learn where they are. New partitions get the same. Days by key
 * don't: their ranking is in an index that every change concerns.
 */
const LEAVE_ROOM = `
DO $$
DECLARE leaf regclass;
BEGIN
  FOR leaf IN
    SELECT relid FROM pg_partition_tree('logs.rollup_minutes') WHERE isleaf
    UNION ALL SELECT relid FROM pg_partition_tree('logs.rollup_hours') WHERE isleaf
    UNION ALL SELECT relid FROM pg_partition_tree('logs.rollup_days')
               WHERE isleaf AND relid <> 'logs.rollup_days_by_key'::regclass
  LOOP
    EXECUTE format('ALTER TABLE %s SET (fillfactor = 65)', leaf);
  END LOOP;
END $$`;

export class RollupPages003 implements MigrationInterface {
  readonly name = 'RollupPages1760000000103';

  async up(db: QueryRunner): Promise<void> {
    await db.query(LEAVE_ROOM);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(LEAVE_ROOM.replace('SET (fillfactor = 65)', 'RESET (fillfactor)'));
  }
}
