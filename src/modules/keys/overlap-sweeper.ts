import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository, type EntityManager } from 'typeorm';
import { Outbox } from '../../outbox/outbox.js';
import type { Tx } from '../../outbox/tx.js';
import { isLive, loadSecrets } from './key-secrets.js';
import { Key } from './key.entity.js';
import { toKeyView } from './key.view.js';

const EVERY_MS = 5_000;
const BATCH_SIZE = 500;

/**
 * Ends rotation overlaps. Balancers know the end of each beforehand, so nothing is let in that comes late; this makes the
 * end final and seen, so that the secret can't come back by a change of clocks.
 */
@Injectable()
export class OverlapSweeper implements BeforeApplicationShutdown {
  private running?: Promise<void>;

  constructor(
    private readonly outbox: Outbox,
    @InjectRepository(Key) private readonly keys: Repository<Key>,
  ) {}

  /** One run at a time: an interval fires whether the last one is over or not. */
  @Interval(EVERY_MS)
  run(): Promise<void> {
    this.running ??= this.endAll().finally(() => (this.running = undefined));
    return this.running;
  }

  /** The pool is closed next. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.running?.catch(() => undefined);
  }

  private async endAll(): Promise<void> {
    while ((await this.isAnyDue()) && (await this.sweep()) === BATCH_SIZE);
  }

  /** A look outside of the write, which takes a version even if there is nothing to do. */
  private async isAnyDue(): Promise<boolean> {
    const [row] = await this.keys.query<{ due: boolean }[]>(
      'SELECT EXISTS (SELECT 1 FROM key_secrets WHERE revoked_at IS NULL AND expires_at <= now()) AS due',
    );
    return row!.due;
  }

  /** @returns how many keys it found; what other replicas are at is left to them */
  private async sweep(): Promise<number> {
    try {
      return await this.outbox.write((tx) => endOverlaps(tx));
    } catch (error) {
      if (error instanceof NothingLeft) return 0;
      throw error;
    }
  }
}

/** Ends the transaction without a version. */
class NothingLeft extends Error {}

async function endOverlaps(tx: Tx): Promise<number> {
  const before = await lockDue(tx.manager);
  if (before.length === 0) throw new NothingLeft();
  const ids = before.map(({ id }) => id);
  await tx.manager.query(
    `UPDATE key_secrets SET revoked_at = now() WHERE key_id = ANY ($1) AND revoked_at IS NULL AND expires_at <= now()`,
    [ids],
  );
  const after = before.map((key) => ({ ...key }));
  await loadSecrets(tx.manager, after);
  tx.stamp('keys', after);
  before.forEach((key, i) => {
    const log = { before: toKeyView(key), after: toKeyView(after[i]!) };
    tx.log({ action: 'end_overlap', resource: 'key', resource_id: key.id, ...log });
    tx.changed(
      'key',
      key.secrets.filter(isLive).map(({ token_hash }) => token_hash),
    );
  });
  return before.length;
}

/** Like every writer of secrets it locks the key, but it waits for nobody. */
async function lockDue(manager: EntityManager): Promise<Key[]> {
  const due = await manager.query<{ id: string }[]>(
    `SELECT k.id FROM key_secrets s JOIN keys k ON k.id = s.key_id
      WHERE s.revoked_at IS NULL AND s.expires_at <= now()
      ORDER BY s.expires_at LIMIT $1
        FOR NO KEY UPDATE OF k SKIP LOCKED`,
    [BATCH_SIZE],
  );
  if (due.length === 0) return [];
  const keys = await manager
    .createQueryBuilder(Key, 'r')
    .where('r.id = ANY (:ids)', { ids: due.map(({ id }) => id) })
    .getMany();
  await loadSecrets(manager, keys);
  return keys;
}
