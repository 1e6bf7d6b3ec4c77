import { Injectable } from '@nestjs/common';
import { KeysService } from '../modules/keys/keys.service.js';
import { MastersService } from '../modules/masters/masters.service.js';
import { Outbox } from '../outbox/outbox.js';
import { readHead } from './head.js';
import { SyncDatabase } from './sync-database.js';

const MASTER = 'ez-canary';

/**
 * A client key that opens nothing, of a master of its own, with one secret for ever: it is revoked and let in again, which a real
 * one never is. So however often that happens there is one row, one record in Redis and no tombstone more.
 */
@Injectable()
export class CanaryKey {
  constructor(
    private readonly database: SyncDatabase,
    private readonly outbox: Outbox,
    private readonly masters: MastersService,
    private readonly keys: KeysService,
  ) {}

  /** @returns the hash of its secret. It is made of the identity of the database, so nobody knows a text that has it. */
  async ensure(): Promise<string> {
    const { source } = await readHead(this.database);
    const token_hash = source.replaceAll('-', '').repeat(2);
    const [secret] = await this.database.query(
      'SELECT 1 FROM key_secrets WHERE token_hash = $1 AND key_id IS NOT NULL',
      [token_hash],
    );
    if (!secret) {
      // Somebody deleted the master: what a revoked secret leaves behind would keep this one from coming back.
      await this.database.query('DELETE FROM key_secrets WHERE token_hash = $1 AND key_id IS NULL', [token_hash]);
      const secrets = [{ token_hash, hint: 'canary' }];
      await this.keys.of(await this.masterId()).create({ name: 'canary', secrets });
    }
    return token_hash;
  }

  /** Not in the operation log, in which a line each minute would bury all others. */
  async setRevoked(token_hash: string, isRevoked: boolean): Promise<void> {
    await this.outbox.write(async (tx) => {
      await tx.manager.query(
        `SELECT FROM key_secrets s JOIN keys k ON k.id = s.key_id JOIN masters m ON m.id = k.master_id
          WHERE s.token_hash = $1 FOR SHARE OF m`,
        [token_hash],
      );
      await tx.manager.query('UPDATE key_secrets SET revoked_at = CASE WHEN $2 THEN now() END WHERE token_hash = $1', [
        token_hash,
        isRevoked,
      ]);
      tx.changed('key', [token_hash]);
    });
  }

  private async masterId(): Promise<number> {
    const [master] = await this.database.query<{ id: number }>('SELECT id FROM masters WHERE name = $1', [MASTER]);
    return master ? master.id : (await this.masters.create({ name: MASTER, max_child_keys: 1 })).id;
  }
}
