import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { type KeyTotal, KeyTotals } from '../stats/key-totals.service.js';
import type { RollupComparisonView, RollupDifferenceView } from './books.dto.js';

const COUNTERS = ['requests', 'input_tokens', 'output_tokens'] as const;
const MOST_SHOWN = 1_000;

/** What the ledger has of the keys after $1, $2 of them at most; zeros where it has nothing. */
const LEDGER_TOTALS = `
  WITH page AS (SELECT id FROM keys WHERE id > $1 ORDER BY id LIMIT $2)
  SELECT page.id::float8 AS id, coalesce(sum(requests), 0)::float8 AS requests,
         coalesce(sum(input_tokens), 0)::float8 AS input_tokens, coalesce(sum(output_tokens), 0)::float8 AS output_tokens
    FROM page LEFT JOIN (
           SELECT key_id, requests, input_tokens, output_tokens FROM usage.ledger WHERE key_id IN (SELECT id FROM page)
           UNION ALL
           SELECT key_id, requests, input_tokens, output_tokens FROM usage.ledger_closed WHERE key_id IN (SELECT id FROM page)
         ) line ON line.key_id = page.id
   GROUP BY page.id ORDER BY page.id`;

/**
 * Holds the ledger against the roll-ups of access logs. Both come from balancers, on different ways and at different times,
 * so a difference is a question to whoever sends them, and nothing to repair.
 */
@Injectable()
export class RollupComparison {
  constructor(
    private readonly database: DataSource,
    private readonly totals: KeyTotals,
  ) {}

  async compare(afterKeyId: number, limit: number): Promise<RollupComparisonView> {
    const booked = await this.database.query<(KeyTotal & { id: number })[]>(LEDGER_TOTALS, [afterKeyId, limit]);
    try {
      const logged = await this.totals.of(booked.map(({ id }) => id));
      const differences = booked.flatMap((ledger) => differencesOf(ledger, logged.get(ledger.id)));
      return { state: 'compared', differences: differences.slice(0, MOST_SHOWN) };
    } catch {
      // The log database may be another server; the books are right without it.
      return { state: 'unavailable', differences: [] };
    }
  }
}

const differencesOf = (ledger: KeyTotal & { id: number }, logged: KeyTotal | undefined): RollupDifferenceView[] =>
  COUNTERS.map((counter) => ({
    key_id: ledger.id,
    counter,
    ledger: ledger[counter],
    logged: logged?.[counter] ?? 0,
  })).filter((difference) => difference.ledger !== difference.logged);
