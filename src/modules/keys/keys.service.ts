import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { DomainError, notFound } from '../../common/domain-error.js';
import type { Page } from '../../common/page.js';
import { assertMayWrite } from '../../common/scopes.js';
import { findPage } from '../../crud/list.js';
import { Outbox } from '../../outbox/outbox.js';
import type { Tx } from '../../outbox/tx.js';
import { KEY_FILTERS, KEY_SEARCH } from './key-listing.js';
import { hashesOf, loadSecrets, partFromSecrets } from './key-secrets.js';
import { Key } from './key.entity.js';
import { toKeyView } from './key.view.js';
import type { CreateKeyOfMasterDto, ListKeysDto } from './keys.dto.js';
import { MasterKeys } from './master-keys.js';

/** Over the keys of all tenants only the order of ids has an index, and that is also the order in which they were made. */
const LISTING = {
  search: KEY_SEARCH,
  sort: { created_at: 'r.id' },
  filters: { ...KEY_FILTERS, master_id: 'r.master_id = :master_id' },
};

/** Each key deleted is a line in the log, and while these are written nobody else can write. */
const MOST_AT_ONCE = 20_000;

/** Keys of all tenants: to be looked at, and to be written one tenant at a time. */
@Injectable()
export class KeysService {
  constructor(
    private readonly outbox: Outbox,
    @InjectRepository(Key) private readonly repository: Repository<Key>,
  ) {}

  of(masterId: number): MasterKeys {
    return new MasterKeys(this.outbox, this.repository, masterId);
  }

  async list(query: ListKeysDto): Promise<Page<Key>> {
    const page = await findPage(this.repository, LISTING, query);
    await loadSecrets(this.repository.manager, page.data);
    return page;
  }

  async get(id: number): Promise<Key> {
    const key = await this.repository.findOneBy({ id });
    if (!key) throw notFound('key');
    await loadSecrets(this.repository.manager, [key]);
    return key;
  }

  /** Here the master is a field of the body, so that an unknown one is a mistake in the body and no unknown address. */
  async createOf({ master_id, ...input }: CreateKeyOfMasterDto): Promise<Key> {
    try {
      return await this.of(master_id).create(input);
    } catch (error) {
      if (!(error instanceof DomainError) || error.kind !== 'not_found') throw error;
      const errors = [{ pointer: '/master_id', message: error.message }];
      throw new DomainError('unprocessable', error.message, { code: 'fk_keys_master_id', errors });
    }
  }

  /** All keys of masters that the caller has locked and is about to delete. */
  async deleteAllOf(tx: Tx, masterIds: number[]): Promise<void> {
    const keys = await tx.manager
      .createQueryBuilder(Key, 'r')
      .where('r.master_id = ANY (:masterIds)', { masterIds })
      .orderBy('r.id')
      .limit(MOST_AT_ONCE + 1)
      .setLock('for_no_key_update')
      .getMany();
    if (keys.length === 0) return;
    assertMayWrite('keys');
    if (keys.length > MOST_AT_ONCE) throw tooMany();
    await loadSecrets(tx.manager, keys);
    await partFromSecrets(tx.manager, keys);
    await tx.manager.query('DELETE FROM keys WHERE id = ANY ($1)', [keys.map(({ id }) => id)]);
    for (const key of keys) {
      tx.log({ action: 'delete', resource: 'key', resource_id: key.id, before: toKeyView(key), after: null });
    }
    tx.removed('key', hashesOf(keys));
  }

  /** Declares all keys of masters that the caller has locked and changed, however many they are. */
  declareAllOf(tx: Tx, masterIds: number[]): void {
    tx.changed('master_keys', masterIds);
  }
}

const tooMany = (): DomainError =>
  new DomainError(
    'conflict',
    `More than ${MOST_AT_ONCE} keys would go at once: suspend the master and delete keys first`,
    {
      code: 'too_many_keys',
    },
  );
