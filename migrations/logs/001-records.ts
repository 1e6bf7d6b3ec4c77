import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Access log records. The partitions are made by the server, ahead of time. The id only breaks ties of `at`: a sequence of its
 * own lets sessions draw many at once, and a table take its place in the partitions whoever made it. Request ids are random,
 * and compared byte by byte: by the rules of a language each insert would cost more than all the rest of its index.
 */
const RECORDS = `
CREATE SEQUENCE logs.records_id_seq CACHE 100;
CREATE TABLE logs.records (
  id bigint NOT NULL DEFAULT nextval('logs.records_id_seq'),
  at timestamptz(3) NOT NULL,
  request_id text COLLATE "C" NOT NULL,
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
) PARTITION BY RANGE (at);
ALTER SEQUENCE logs.records_id_seq OWNED BY logs.records.id;`;

/**
 * Lists walk one of these backwards, newest first, and check what else is asked for on the way. Failures are few, so that an
 * index of them costs next to nothing; group and namespace have none, for a record has a provider and a model, too.
 */
const INDEXES = `
CREATE INDEX ix_records_at ON logs.records (at, id);
CREATE INDEX ix_records_request ON logs.records (request_id, at, id);
CREATE INDEX ix_records_master ON logs.records (master_id, at, id);
CREATE INDEX ix_records_key ON logs.records (key_id, at, id);
CREATE INDEX ix_records_provider ON logs.records (provider_id, at, id);
CREATE INDEX ix_records_model ON logs.records (model, at, id);
CREATE INDEX ix_records_failed ON logs.records (at, id)
  WHERE status_code >= 400 OR error_code IS NOT NULL OR error_message IS NOT NULL;
CREATE INDEX ix_records_master_failed ON logs.records (master_id, at, id)
  WHERE status_code >= 400 OR error_code IS NOT NULL OR error_message IS NOT NULL;`;

/**
 * A batch that is sent again finds its row, and so does a transaction of the server whose outcome it could not see. The digest
 * tells a batch from another one under the same id; it is empty where ids are not a sender's.
 */
const BATCHES = `
CREATE TABLE logs.batches (
  node text NOT NULL,
  batch_id text NOT NULL,
  digest text NOT NULL DEFAULT '',
  at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT pk_batches PRIMARY KEY (node, batch_id)
);
CREATE INDEX ix_batches_at ON logs.batches (at);`;

export class LogRecords001 implements MigrationInterface {
  readonly name = 'LogRecords1760000000101';

  async up(db: QueryRunner): Promise<void> {
    await db.query(RECORDS);
    await db.query(INDEXES);
    await db.query(BATCHES);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE logs.batches, logs.records');
  }
}
