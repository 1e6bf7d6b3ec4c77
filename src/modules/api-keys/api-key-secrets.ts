import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { KeyRing, UndecryptableError } from '../../common/envelope.js';
import { Config } from '../../config/config.js';

interface StoredSecret {
  id: number;
  secret: string;
}

const PAGE = 500;
const COUNT_LASTS_MS = 60_000;

/** Upstream secrets as PostgreSQL keeps them: sealed, each in an envelope that opens in its own row only. */
@Injectable()
export class ApiKeySecrets {
  private readonly ring: KeyRing;
  private counted?: { at: number; count: Promise<number> };

  constructor(
    config: Config,
    private readonly database: DataSource,
  ) {
    this.ring = new KeyRing(config.encryption.keys);
  }

  seal(id: number, secret: string): string {
    return this.ring.seal(secret, secretAad(id));
  }

  /** How many rows no configured key opens. Looks at every one of them, so the answer is kept for a minute. */
  undecryptable(): Promise<number> {
    if (!this.counted || Date.now() - this.counted.at > COUNT_LASTS_MS) {
      const counted = { at: Date.now(), count: this.countUndecryptable() };
      counted.count.catch(() => (this.counted = undefined));
      this.counted = counted;
    }
    return this.counted.count;
  }

  /**
   * Seals again whatever an older key has sealed; whatever no key opens stays as it is.
   *
   * No configuration version is taken: the secret in the envelope is the same, so neither Redis nor any answer changes.
   * Rows that a transaction holds are left for the next run, and an envelope that was replaced meanwhile is not touched.
   */
  async resealOutdated(): Promise<number> {
    const current = `${this.ring.prefix}%`;
    let resealed = 0;
    for await (const page of this.pages('secret NOT LIKE $3', current)) {
      const outdated = page.flatMap((row) => this.resealed(row) ?? []);
      resealed += await this.replace(outdated);
    }
    return resealed;
  }

  private async countUndecryptable(): Promise<number> {
    let count = 0;
    for await (const page of this.pages('true')) count += page.filter((row) => this.open(row) === undefined).length;
    return count;
  }

  private async *pages(condition: string, ...parameters: string[]): AsyncGenerator<StoredSecret[]> {
    let after = 0;
    for (;;) {
      const page = await this.database.query<StoredSecret[]>(
        `SELECT id::float8 AS id, secret FROM api_keys WHERE id > $1 AND ${condition} ORDER BY id LIMIT $2`,
        [after, PAGE, ...parameters],
      );
      if (page.length > 0) yield page;
      if (page.length < PAGE) return;
      after = page.at(-1)!.id;
    }
  }

  private resealed({ id, secret }: StoredSecret): (StoredSecret & { was: string }) | undefined {
    const text = this.open({ id, secret });
    return text === undefined ? undefined : { id, was: secret, secret: this.seal(id, text) };
  }

  private open({ id, secret }: StoredSecret): string | undefined {
    try {
      return this.ring.open(secret, secretAad(id));
    } catch (error) {
      if (error instanceof UndecryptableError) return undefined;
      throw error;
    }
  }

  private async replace(rows: (StoredSecret & { was: string })[]): Promise<number> {
    const [, replaced] = await this.database.query<[unknown, number]>(
      `WITH free AS (
         SELECT id FROM api_keys WHERE id = ANY ($1::bigint[]) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED)
       UPDATE api_keys a SET secret = v.secret
         FROM unnest($1::bigint[], $2::text[], $3::text[]) AS v (id, was, secret) JOIN free USING (id)
        WHERE a.id = v.id AND a.secret = v.was`,
      [rows.map(({ id }) => id), rows.map(({ was }) => was), rows.map(({ secret }) => secret)],
    );
    return replaced;
  }
}

/** What an envelope is bound to: it opens in this row only. */
export const secretAad = (id: number): string => `api_keys:${id}:secret`;

const SHORTEST_WITH_HINT = 12;

/**
 * All that is ever shown of a secret. JSON shows only that it is JSON, for all of it ends alike; a short secret shows
 * nothing, for four characters would be much of it.
 */
export function secretHint(secret: string): string {
  const text = secret.trim();
  if (text.startsWith('{')) return '{…}';
  if (text.startsWith('[')) return '[…]';
  return text.length >= SHORTEST_WITH_HINT && /^[\x21-\x7e]+$/.test(text) ? `…${text.slice(-4)}` : '…';
}
