import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Access log records, newest last. The partitions are made by the server, ahead of time. */
const RECORDS = `
CREATE TABLE logs.records (
  id bigint GENERATED ALWAYS AS IDENTITY,
  at timestamptz NOT NULL,
  request_id text NOT NULL,
  master_id bigint,
  key_id bigint,
  provider_id bigint,
  group_id bigint,
  namespace text,
  model text,
  upstream_model text,
  status_code smallint NOT NULL,
  error_code text,
  error_message text,
  latency_ms integer,
  ttft_ms integer,
  input_tokens bigint NOT NULL DEFAULT 0,
  output_tokens bigint NOT NULL DEFAULT 0,
  cached_tokens bigint NOT NULL DEFAULT 0,
  cost_usd numeric(18,9) NOT NULL DEFAULT 0,
  stream boolean NOT NULL DEFAULT false,
  client_ip text,
  user_agent text,
  node text,
  extra jsonb
) PARTITION BY RANGE (at);`;

/** A batch that is sent again finds its row. */
const BATCHES = `
CREATE TABLE logs.batches (
  node text NOT NULL,
  batch_id text NOT NULL,
  at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT pk_batches PRIMARY KEY (node, batch_id)
);
CREATE INDEX ix_batches_at ON logs.batches (at);`;

export class LogRecords001 implements MigrationInterface {
  readonly name = 'LogRecords1760000000101';

  async up(db: QueryRunner): Promise<void> {
    await db.query(RECORDS);
    await db.query(BATCHES);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE logs.batches, logs.records');
  }
}
