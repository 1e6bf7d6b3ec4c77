import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Usage is spent in amounts below a millionth of a dollar; sums of those must stay exact, and overdrafts must find room. */
const KEYS = `
ALTER TABLE keys
  ALTER COLUMN balance TYPE numeric(24,9),
  ADD COLUMN balance_published numeric(24,9) NOT NULL DEFAULT 0,
  ADD COLUMN allow_overdraft boolean NOT NULL DEFAULT false,
  ADD COLUMN quota_adjusted bigint NOT NULL DEFAULT 0;
UPDATE keys SET balance_published = balance, quota_adjusted = quota_used WHERE balance <> 0 OR quota_used <> 0;
CREATE INDEX ix_keys_quota_reset_at ON keys (quota_reset_at) WHERE quota_reset_at IS NOT NULL AND status <> 'revoked';
`;

/** A batch that is sent again finds its row: what it was, and what it was answered. */
const BATCHES = `
CREATE TABLE usage.batches (
  node text NOT NULL,
  batch_id text NOT NULL,
  at timestamptz NOT NULL DEFAULT now(),
  digest text NOT NULL,
  unknown_keys bigint[] NOT NULL DEFAULT '{}',
  unknown_providers bigint[] NOT NULL DEFAULT '{}',
  CONSTRAINT pk_batches PRIMARY KEY (node, batch_id)
);
CREATE INDEX ix_batches_at ON usage.batches (at);
`;

const MEASURES = `
  requests bigint NOT NULL,
  input_tokens bigint NOT NULL,
  output_tokens bigint NOT NULL,
  quota_units bigint NOT NULL,
  cost_usd numeric(24,9) NOT NULL,
  unpaid_usd numeric(24,9) NOT NULL`;

/**
 * No table here refers to a key by constraint: the books outlive what they are about.
 * Lines that are old enough go into the sums of \`ledger_closed\`; nothing else ever leaves the ledger.
 */
const LEDGER = `
CREATE TABLE usage.ledger (
  id bigint GENERATED ALWAYS AS IDENTITY,
  at timestamptz NOT NULL DEFAULT now(),
  node text NOT NULL,
  batch_id text NOT NULL,
  key_id bigint NOT NULL,
  master_id bigint NOT NULL,
  period_start timestamptz NOT NULL,${MEASURES},
  CONSTRAINT pk_ledger PRIMARY KEY (id)
);
CREATE INDEX ix_ledger_key_id ON usage.ledger (key_id, id);
CREATE INDEX ix_ledger_master_id ON usage.ledger (master_id, id);

CREATE TABLE usage.ledger_closed (
  key_id bigint NOT NULL,
  master_id bigint NOT NULL,
  period_start timestamptz NOT NULL,${MEASURES},
  CONSTRAINT pk_ledger_closed PRIMARY KEY (key_id, period_start)
);

CREATE FUNCTION usage.ledger_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'usage.ledger is append-only' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'ck_ledger_append_only';
END $$;
CREATE TRIGGER ck_ledger_append_only BEFORE UPDATE OR TRUNCATE ON usage.ledger
  FOR EACH STATEMENT EXECUTE FUNCTION usage.ledger_append_only();
`;

/** `used` is what the ledger says; `adjusted` is what else counted when the period was closed. */
const PERIODS = `
CREATE TABLE usage.periods (
  key_id bigint NOT NULL,
  period_start timestamptz NOT NULL,
  period text NOT NULL,
  quota_limit bigint,
  used bigint NOT NULL DEFAULT 0,
  adjusted bigint NOT NULL DEFAULT 0,
  requests bigint NOT NULL DEFAULT 0,
  input_tokens bigint NOT NULL DEFAULT 0,
  output_tokens bigint NOT NULL DEFAULT 0,
  cost_usd numeric(24,9) NOT NULL DEFAULT 0,
  unpaid_usd numeric(24,9) NOT NULL DEFAULT 0,
  closed_at timestamptz,
  CONSTRAINT pk_periods PRIMARY KEY (key_id, period_start)
);
`;

/** Beside their resources and not in them: a row that every flush locks is no row for administration to wait for. */
const COUNTERS = `
CREATE TABLE usage.masters (
  master_id bigint NOT NULL,
  requests bigint NOT NULL,
  input_tokens bigint NOT NULL,
  output_tokens bigint NOT NULL,
  cost_usd numeric(24,9) NOT NULL,
  unpaid_usd numeric(24,9) NOT NULL,
  last_accessed_at timestamptz,
  CONSTRAINT pk_masters_usage PRIMARY KEY (master_id)
);

CREATE TABLE usage.api_keys (
  api_key_id bigint NOT NULL,
  requests bigint NOT NULL,
  errors bigint NOT NULL,
  counted_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT pk_api_keys_usage PRIMARY KEY (api_key_id)
);
`;

export class Usage003 implements MigrationInterface {
  readonly name = 'Usage1760000000003';

  async up(q: QueryRunner): Promise<void> {
    await q.query('CREATE SCHEMA usage');
    for (const part of [KEYS, BATCHES, LEDGER, PERIODS, COUNTERS]) await q.query(part);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query(`
      DROP SCHEMA usage CASCADE;
      DROP INDEX ix_keys_quota_reset_at;
      ALTER TABLE keys DROP COLUMN quota_adjusted, DROP COLUMN allow_overdraft, DROP COLUMN balance_published,
        ALTER COLUMN balance TYPE numeric(15,6) USING greatest(-999999999, least(999999999, balance))`);
  }
}
