import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { DataSource, type EntityManager } from 'typeorm';
import { Outbox } from '../../outbox/outbox.js';
import type { Tx } from '../../outbox/tx.js';
import { ApiKey } from './api-key.entity.js';
import { ApiKeysService, type ApiKeyStanding } from './api-keys.service.js';

const SWEEP_MS = 5_000;
const MOST_ROWS = 1_000;

/** What time does to API keys. A ban that outlasts its key's life ends in the expiry. */
const OUTCOMES: { action: string; due: string; standing: ApiKeyStanding }[] = [
  {
    action: 'expire',
    due: `r.expires_at <= now() AND (r.status = 'active' OR (r.status = 'auto_disabled' AND r.ban_until <= now()))`,
    standing: { status: 'auto_disabled', ban_reason: 'expired', ban_until: null },
  },
  {
    action: 'unban',
    due: `r.ban_until <= now() AND r.status = 'auto_disabled' AND (r.expires_at IS NULL OR r.expires_at > now())`,
    standing: { status: 'active', ban_reason: '', ban_until: null },
  },
];

const DUE = OUTCOMES.map(({ due }) => `(${due})`).join(' OR ');

/** Lifts bans that are over, and disables keys that have expired. */
@Injectable()
export class BanSweeper implements BeforeApplicationShutdown {
  private running?: Promise<void>;

  constructor(
    private readonly database: DataSource,
    private readonly outbox: Outbox,
    private readonly apiKeys: ApiKeysService,
  ) {}

  /** The timer doesn't wait for the run before, so that one is joined. */
  @Interval(SWEEP_MS)
  sweep(): Promise<void> {
    this.running ??= this.settleAll().finally(() => (this.running = undefined));
    return this.running;
  }

  /** The pool is closed next. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.running?.catch(() => undefined);
  }

  /** Looks before it writes: a configuration version is for changes. */
  private async settleAll(): Promise<void> {
    let mayBeMore = await isAnyDue(this.database.manager);
    while (mayBeMore) mayBeMore = await this.settleSome();
  }

  /** @returns whether there may be more */
  private async settleSome(): Promise<boolean> {
    try {
      return (await this.outbox.write((tx) => this.settle(tx))) >= MOST_ROWS;
    } catch (error) {
      if (error instanceof TakenByOthers) return false;
      throw error;
    }
  }

  private async settle(tx: Tx): Promise<number> {
    const groups = await lockFreeGroups(tx.manager);
    let settled = 0;
    for (const { action, due, standing } of OUTCOMES) {
      const rows = await lockDueKeys(tx.manager, due, groups);
      if (rows.length > 0) await this.apiKeys.settle(tx, action, rows, standing);
      settled += rows.length;
    }
    if (settled === 0) throw new TakenByOthers();
    return settled;
  }
}

/** Ends a transaction that found everything locked by another replica or by an edit, before it takes a version. */
class TakenByOthers extends Error {}

async function isAnyDue(manager: EntityManager): Promise<boolean> {
  const [answer] = await manager.query<{ due: boolean }[]>(
    `SELECT EXISTS (SELECT FROM api_keys r WHERE ${DUE}) AS due`,
  );
  return answer!.due;
}

/** What an edit holds is left for the next sweep, which is sooner than waiting would be. */
async function lockFreeGroups(manager: EntityManager): Promise<number[]> {
  const rows = await manager.query<{ id: string }[]>(
    `SELECT id FROM provider_groups WHERE id IN (SELECT provider_group_id FROM api_keys r WHERE ${DUE})
      ORDER BY id FOR NO KEY UPDATE SKIP LOCKED`,
  );
  return rows.map(({ id }) => Number(id));
}

const lockDueKeys = (manager: EntityManager, due: string, groups: number[]): Promise<ApiKey[]> =>
  manager
    .createQueryBuilder(ApiKey, 'r')
    .where(due)
    .andWhere('r.provider_group_id = ANY (:groups)', { groups })
    .orderBy('r.id')
    .limit(MOST_ROWS)
    .setLock('for_no_key_update')
    .setOnLocked('skip_locked')
    .getMany();
