import { Injectable } from '@nestjs/common';
import { Config } from '../config/config.js';
import { KeyRing } from '../common/envelope.js';
import type { Receipt, SqlRunner } from '../common/request-context.js';
import { FLUSH } from '../database/durable.js';

export interface StoredAnswer {
  /** Absent in answers of earlier releases. */
  status?: number;
  body: unknown;
  receipt?: Receipt;
}

export interface Entry {
  principal: string;
  key: string;
  fingerprint: string;
  answer: StoredAnswer;
}

const KEPT = `interval '24 hours'`;
const AT_ONCE = 1_000;

/** Answers by caller and `Idempotency-Key`. They may hold a secret that is shown once, so they are sealed. */
@Injectable()
export class IdempotencyStore {
  private readonly ring: KeyRing;

  constructor(config: Config) {
    this.ring = new KeyRing(config.encryption.keys);
  }

  /** Outside a transaction, what it finds can't be lost any more: its own writer may still be waiting for the disk. */
  async find(
    database: SqlRunner,
    principal: string,
    key: string,
  ): Promise<Pick<Entry, 'fingerprint' | 'answer'> | undefined> {
    const rows = (await database.query(
      `SELECT fingerprint, answer, ${FLUSH} FROM idempotency_keys WHERE principal = $1 AND key = $2 AND created_at > now() - ${KEPT}`,
      [principal, key],
    )) as { fingerprint: string; answer: string }[];
    const [row] = rows;
    if (!row) return undefined;
    const answer = JSON.parse(this.ring.open(row.answer, aad(principal, key))) as StoredAnswer;
    return { fingerprint: row.fingerprint, answer };
  }

  /** @returns false while another transaction holds it; held until this one ends */
  async lock(transaction: SqlRunner, principal: string, key: string): Promise<boolean> {
    const rows = (await transaction.query('SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS locked', [
      aad(principal, key),
    ])) as { locked: boolean }[];
    return rows[0]!.locked;
  }

  async save(database: SqlRunner, { principal, key, fingerprint, answer }: Entry): Promise<void> {
    await database.query(
      `INSERT INTO idempotency_keys (principal, key, fingerprint, answer) VALUES ($1, $2, $3, $4)
           ON CONFLICT (principal, key) DO UPDATE
          SET fingerprint = EXCLUDED.fingerprint, answer = EXCLUDED.answer, created_at = now()`,
      [principal, key, fingerprint, this.ring.seal(JSON.stringify(answer), aad(principal, key))],
    );
  }

  /** In pieces, for a statement has a few seconds; what another replica is at is left to it. @returns whether there may be more */
  async forgetSome(database: SqlRunner): Promise<boolean> {
    const [row] = (await database.query(
      `WITH old AS (
         DELETE FROM idempotency_keys WHERE ctid = ANY (ARRAY(
           SELECT ctid FROM idempotency_keys WHERE created_at < now() - ${KEPT}
            ORDER BY created_at LIMIT ${AT_ONCE} FOR UPDATE SKIP LOCKED))
         RETURNING 1
       )
       SELECT count(*)::int AS done FROM old`,
    )) as { done: number }[];
    return row!.done === AT_ONCE;
  }
}

const aad = (principal: string, key: string): string => `idempotency_keys:${principal}:${key}`;
