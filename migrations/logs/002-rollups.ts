import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What a roll-up is of; 0 and '' stand for "none". `at` is the beginning of a minute, an hour or a day of UTC. */
const DIMENSIONS = `
  at timestamptz NOT NULL,
  master_id bigint NOT NULL,
  key_id bigint NOT NULL,
  provider_id bigint NOT NULL,
  group_id bigint NOT NULL,
  namespace text NOT NULL,
  model text NOT NULL,
  status_class smallint NOT NULL`;

/** Sums of numeric can't overflow, whatever a balancer reports. In a histogram, every twelve decimal digits count a bucket. */
const MEASURES = `
  requests bigint NOT NULL,
  input_tokens numeric NOT NULL,
  output_tokens numeric NOT NULL,
  cached_tokens numeric NOT NULL,
  cost_usd numeric NOT NULL,
  latency_hist numeric NOT NULL,
  ttft_hist numeric NOT NULL`;

/** Aggregates of single flushes, which a compaction moves into the tables below. Without a key, so that flushes never wait for each other. */
const DELTAS = `CREATE TABLE logs.rollup_deltas (${DIMENSIONS},${MEASURES}
);
ALTER TABLE logs.rollup_deltas SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);`;

/** One row. Its lock is held by whoever moves deltas. */
const STATE = `
CREATE TABLE logs.rollup_state (
  id smallint NOT NULL DEFAULT 1,
  compacted_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT pk_rollup_state PRIMARY KEY (id),
  CONSTRAINT ck_rollup_state_single CHECK (id = 1)
);
INSERT INTO logs.rollup_state DEFAULT VALUES;`;

/** `level` says which dimensions a row has: 8 master, 4 key, 2 provider and group, 1 namespace and model. */
const rollups = (name: string, partitioning = ''): string => `
CREATE TABLE logs.${name} (
  level smallint NOT NULL,${DIMENSIONS},${MEASURES},
  CONSTRAINT pk_${name} PRIMARY KEY
    (level, at, master_id, key_id, provider_id, group_id, namespace, model, status_class)
)${partitioning};
CREATE INDEX ix_${name}_master ON logs.${name} (level, master_id, at) WHERE master_id > 0;
CREATE INDEX ix_${name}_key ON logs.${name} (level, key_id, at) WHERE key_id > 0;
CREATE INDEX ix_${name}_provider ON logs.${name} (level, provider_id, at) WHERE provider_id > 0;
CREATE INDEX ix_${name}_model ON logs.${name} (level, model, at) WHERE model <> '';`;

/** Minutes are kept for a week and hours for half a year, so these are made and dropped by the day and by the month. */
const TABLES = [
  rollups('rollup_minutes', ' PARTITION BY RANGE (at)'),
  rollups('rollup_hours', ' PARTITION BY RANGE (at)'),
  rollups('rollup_days', ' PARTITION BY LIST (level)'),
];

/**
 * Days are kept for ever, and a question about a month reads many of one level: these lie together, apart from the finest, which
 * are most. Ranking keys reads the index alone; it makes their updates dearer, so that no other level has it.
 */
const LEVELS_OF_DAYS = `
CREATE TABLE logs.rollup_days_finest PARTITION OF logs.rollup_days FOR VALUES IN (15);
CREATE TABLE logs.rollup_days_by_key PARTITION OF logs.rollup_days FOR VALUES IN (12);
CREATE TABLE logs.rollup_days_coarser PARTITION OF logs.rollup_days DEFAULT;
CREATE INDEX ix_rollup_days_by_key_ranking ON logs.rollup_days_by_key (at, status_class, key_id) INCLUDE (level, requests);`;

/**
 * How many requests a key had in a week, from Monday, and nothing else: whoever asks for the busiest keys of a month would read the days
 * of every key. They are kept for ever, like the days that they are the sums of.
 */
const WEEKS_OF_KEYS = `
CREATE TABLE logs.rollup_weeks_by_key (
  at timestamptz NOT NULL,
  status_class smallint NOT NULL,
  key_id bigint NOT NULL,
  requests bigint NOT NULL,
  CONSTRAINT pk_rollup_weeks_by_key PRIMARY KEY (at, status_class, key_id) INCLUDE (requests)
);`;

export class Rollups002 implements MigrationInterface {
  readonly name = 'Rollups1760000000102';

  async up(db: QueryRunner): Promise<void> {
    for (const sql of [DELTAS, STATE, ...TABLES, LEVELS_OF_DAYS, WEEKS_OF_KEYS]) await db.query(sql);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(
      'DROP TABLE logs.rollup_weeks_by_key, logs.rollup_days, logs.rollup_hours, logs.rollup_minutes, logs.rollup_state, logs.rollup_deltas',
    );
  }
}
