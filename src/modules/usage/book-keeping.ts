import { Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { DataSource } from 'typeorm';

const HOURLY_MS = 3_600_000;
const AT_ONCE = 10_000;

/** A month and some, so that the lines of a monthly period are there while it is open. */
const LEDGER_KEPT = `interval '35 days'`;
/** No balancer repeats a batch for longer. */
const BATCHES_KEPT = `interval '7 days'`;

/** Lines that are skipped because another replica is at them are gone when it is done. */
const CLOSE_LINES = `
  WITH old AS (
    DELETE FROM usage.ledger
     WHERE id IN (SELECT id FROM usage.ledger WHERE at < now() - ${LEDGER_KEPT} ORDER BY id LIMIT ${AT_ONCE} FOR UPDATE SKIP LOCKED)
    RETURNING *
  ), closed AS (
    INSERT INTO usage.ledger_closed AS c
           (key_id, master_id, period_start, requests, input_tokens, output_tokens, quota_units, cost_usd, unpaid_usd)
    SELECT key_id, master_id, period_start, sum(requests), sum(input_tokens), sum(output_tokens), sum(quota_units),
           sum(cost_usd), sum(unpaid_usd)
      FROM old GROUP BY key_id, master_id, period_start ORDER BY key_id, period_start
        ON CONFLICT (key_id, period_start) DO UPDATE
       SET requests = c.requests + EXCLUDED.requests, input_tokens = c.input_tokens + EXCLUDED.input_tokens,
           output_tokens = c.output_tokens + EXCLUDED.output_tokens, quota_units = c.quota_units + EXCLUDED.quota_units,
           cost_usd = c.cost_usd + EXCLUDED.cost_usd, unpaid_usd = c.unpaid_usd + EXCLUDED.unpaid_usd
  )
  SELECT count(*)::int AS done FROM old`;

const FORGET_BATCHES = `
  WITH old AS (
    DELETE FROM usage.batches WHERE ctid = ANY (ARRAY(
      SELECT ctid FROM usage.batches WHERE at < now() - ${BATCHES_KEPT} ORDER BY at LIMIT ${AT_ONCE} FOR UPDATE SKIP LOCKED))
    RETURNING 1
  )
  SELECT count(*)::int AS done FROM old`;

/** Keeps the books short: old lines become sums, and batches that nobody will repeat are forgotten. Every replica may do it. */
@Injectable()
export class BookKeeping implements BeforeApplicationShutdown {
  private readonly logger = new Logger(BookKeeping.name);
  private running: Promise<void> | undefined;
  private isStopping = false;

  constructor(private readonly database: DataSource) {}

  @Interval(HOURLY_MS)
  keep(): Promise<void> {
    this.running ??= this.keepAll()
      .catch((error: unknown) => this.logger.warn(`the books stay long: ${(error as Error).message}`))
      .finally(() => (this.running = undefined));
    return this.running;
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.isStopping = true;
    await this.running;
  }

  private async keepAll(): Promise<void> {
    for (const statement of [CLOSE_LINES, FORGET_BATCHES]) {
      while (!this.isStopping && (await this.some(statement)) === AT_ONCE);
    }
  }

  private async some(statement: string): Promise<number> {
    const [row] = await this.database.query<{ done: number }[]>(statement);
    return row!.done;
  }
}
