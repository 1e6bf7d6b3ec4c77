import type { EntityManager, Repository } from 'typeorm';
import { DomainError, notFound } from '../../common/domain-error.js';
import type { Page } from '../../common/page.js';
import type { BatchInput, BatchOutcome } from '../../crud/batch.dto.js';
import { CrudService, type RowChange, type WithId } from '../../crud/crud.service.js';
import { single } from '../../crud/item-errors.js';
import { findPage } from '../../crud/list.js';
import { assertVersion } from '../../crud/preconditions.js';
import { deleteRows, insertRows, updateRows } from '../../crud/rows.js';
import type { Outbox } from '../../outbox/outbox.js';
import type { Tx } from '../../outbox/tx.js';
import { keepAccounts } from './key-accounts.js';
import { KEY_FILTERS, KEY_SEARCH } from './key-listing.js';
import { assertRoom, lockMaster, lockMasterOfNewKeys } from './key-master.js';
import {
  assertNamespaces,
  assertNotOver,
  assertNotRevived,
  keyRevoked,
  newQuotaPeriod,
  NO_RESETS,
} from './key-rules.js';
import {
  hashesOf,
  isLive,
  issueSecrets,
  limitSecrets,
  loadSecrets,
  MOST_SECRETS,
  newToken,
  partFromSecrets,
  revokeSecrets,
} from './key-secrets.js';
import { Key } from './key.entity.js';
import { toKeyView } from './key.view.js';
import type { CreateKeyDto, ListMasterKeysDto, UpdateKeyDto } from './keys.dto.js';

export type KeyCounts = Record<'total' | 'active' | 'suspended' | 'revoked' | 'expired' | 'exhausted', number>;

/** The keys of one master: whatever is asked here, no other master's row is read or written. */
export class MasterKeys extends CrudService<Key, CreateKeyDto, UpdateKeyDto> {
  protected readonly resource = 'key';
  protected readonly view = toKeyView;
  protected readonly listing = {
    search: KEY_SEARCH,
    // A master's keys are found by index and then few enough to sort.
    sort: { name: 'r.name', created_at: 'r.created_at', last_accessed_at: 'r.last_accessed_at' },
    filters: { ...KEY_FILTERS, master_id: 'r.master_id = :master_id' },
  };

  constructor(
    outbox: Outbox,
    repository: Repository<Key>,
    private readonly masterId: number,
  ) {
    super(outbox, repository);
  }

  override async list(query: ListMasterKeysDto): Promise<Page<Key>> {
    const scoped: ListMasterKeysDto & { master_id: number } = { ...query, master_id: this.masterId };
    const page = await findPage(this.repository, this.listing, scoped);
    if (page.total === 0) await this.assertMaster();
    await loadSecrets(this.repository.manager, page.data);
    return page;
  }

  override async get(id: number): Promise<Key> {
    const key = await this.repository.findOneBy({ id, master_id: this.masterId });
    if (!key) throw notFound(this.resource);
    await loadSecrets(this.repository.manager, [key]);
    return key;
  }

  async count(): Promise<KeyCounts> {
    const [counts] = await this.repository.query<KeyCounts[]>(
      `SELECT count(*)::int AS total,
              count(*) FILTER (WHERE status = 'active')::int AS active,
              count(*) FILTER (WHERE status = 'suspended')::int AS suspended,
              count(*) FILTER (WHERE status = 'revoked')::int AS revoked,
              count(*) FILTER (WHERE status <> 'revoked' AND expires_at <= now())::int AS expired,
              count(*) FILTER (WHERE status <> 'revoked' AND quota_used >= quota_limit)::int AS exhausted
         FROM keys WHERE master_id = $1`,
      [this.masterId],
    );
    return counts!;
  }

  /** A new secret; the present ones stop at once, or after a while in which clients change over. */
  rotate(id: number, overlapSeconds = 0): Promise<Key> {
    return this.outbox.write((tx) =>
      single(async () => {
        const [before] = await this.lock(tx.manager, [id]);
        assertRotatable(before!, overlapSeconds);
        const after = { ...before! };
        if (overlapSeconds > 0) await limitSecrets(tx.manager, after, overlapSeconds);
        else await revokeSecrets(tx.manager, [after]);
        await issueSecrets(tx.manager, [after], [newToken()]);
        await loadSecrets(tx.manager, [after]);
        await this.wrote(tx, 'rotate', [{ before: before!, after }]);
        return after;
      }),
    );
  }

  revoke(id: number): Promise<Key> {
    return this.outbox.write((tx) =>
      single(async () => {
        const before = await this.lock(tx.manager, [id]);
        return (await this.change(tx, 'revoke', before, [{ id, status: 'revoked' }]))[0]!;
      }),
    );
  }

  protected override async batchIn(tx: Tx, input: BatchInput<CreateKeyDto, UpdateKeyDto>): Promise<BatchOutcome<Key>> {
    // First, because whoever has the lock for changes only can no longer ask for the one for new keys.
    if (input.create.length > 0) await lockMasterOfNewKeys(tx.manager, this.masterId);
    return super.batchIn(tx, input);
  }

  protected override async insert(tx: Tx, inputs: CreateKeyDto[]): Promise<Key[]> {
    const master = await lockMasterOfNewKeys(tx.manager, this.masterId);
    await assertRoom(tx.manager, this.masterId, master, inputs.length);
    inputs.forEach((input, i) => {
      assertNamespaces(master, input, i);
      // A key that is brought from elsewhere may have come to its end there.
      if (!input.secrets) assertNotOver(input.expires_at, i);
    });
    const rows = inputs.map((input, i) => ({
      ...input,
      ...newQuotaPeriod(NO_RESETS, input, i),
      master_id: this.masterId,
    }));
    const keys = await insertRows<Key>(tx.manager, this.repository.metadata, rows);
    await keepAccounts(tx.manager, keys, inputs);
    const secrets = inputs.map((input) => (input.secrets ? { secrets: input.secrets } : newToken()));
    await issueSecrets(tx.manager, keys, secrets);
    await this.wrote(
      tx,
      'create',
      keys.map((after) => ({ after })),
    );
    return keys;
  }

  protected override async patch(tx: Tx, changes: WithId<UpdateKeyDto>[]): Promise<Key[]> {
    const master = await lockMaster(tx.manager, this.masterId);
    const before = await this.lockKeys(
      tx.manager,
      changes.map(({ id }) => id),
    );
    changes.forEach((change, i) => {
      assertNotRevived(before[i]!, change, i);
      assertNamespaces(master, { ...before[i], ...change }, i);
    });
    return this.change(tx, 'update', before, changes);
  }

  protected override async delete(tx: Tx, ids: number[]): Promise<void> {
    const before = await this.lock(tx.manager, ids);
    await partFromSecrets(tx.manager, before);
    await deleteRows(tx.manager, this.repository.metadata, ids);
    await this.wrote(
      tx,
      'delete',
      before.map((row) => ({ before: row })),
    );
  }

  protected override async lock(manager: EntityManager, ids: number[]): Promise<Key[]> {
    await lockMaster(manager, this.masterId);
    return this.lockKeys(manager, ids);
  }

  protected declare(tx: Tx, changes: RowChange<Key>[]): void {
    const gone = changes.flatMap(({ before, after }) => (after ? [] : before!));
    tx.removed('key', hashesOf(gone));
    const touched = changes.flatMap(({ before, after }) =>
      after ? [...(before?.secrets.filter(isLive) ?? []), ...after.secrets.filter(isLive)] : [],
    );
    tx.changed(
      'key',
      touched.map(({ token_hash }) => token_hash),
    );
  }

  private async change(tx: Tx, action: string, before: Key[], changes: WithId<UpdateKeyDto>[]): Promise<Key[]> {
    const rows = changes.map((change, i) => ({ ...change, ...newQuotaPeriod(before[i]!, change, i) }));
    const after = await updateRows(tx.manager, this.repository.metadata, before, rows);
    await keepAccounts(tx.manager, after, changes);
    after.forEach((key, i) => (key.secrets = before[i]!.secrets));
    const ended = after.filter(({ status, secrets }) => status === 'revoked' && secrets.some(isLive));
    if (ended.length > 0) {
      await revokeSecrets(tx.manager, ended);
      await loadSecrets(tx.manager, ended);
    }
    await this.wrote(
      tx,
      action,
      before.map((row, i) => ({ before: row, after: after[i]! })),
    );
    return after;
  }

  /** In the order of ids, as everywhere, so that two batches can't wait for each other in a circle. */
  private async lockKeys(manager: EntityManager, ids: number[]): Promise<Key[]> {
    const rows = await manager
      .createQueryBuilder(Key, 'r')
      .where('r.id = ANY (:ids) AND r.master_id = :masterId', { ids, masterId: this.masterId })
      .orderBy('r.id')
      .setLock('for_no_key_update')
      .getMany();
    const byId = new Map(rows.map((row) => [row.id, row]));
    const errors = ids.flatMap((id, i) => (byId.has(id) ? [] : [{ pointer: `/${i}/id`, message: 'No such key' }]));
    if (errors.length > 0) throw new DomainError('not_found', 'No such key', { errors });
    const keys = ids.map((id) => byId.get(id)!);
    assertVersion(keys);
    await loadSecrets(manager, keys);
    return keys;
  }

  private async assertMaster(): Promise<void> {
    const [found] = await this.repository.query<unknown[]>('SELECT 1 FROM masters WHERE id = $1', [this.masterId]);
    if (!found) throw notFound('master');
  }
}

function assertRotatable({ status, secrets }: Key, overlapSeconds: number): void {
  if (status === 'revoked') throw keyRevoked('/0');
  if (overlapSeconds === 0 || secrets.filter(isLive).length < MOST_SECRETS) return;
  const message = `A key may have at most ${MOST_SECRETS} secrets that are not revoked`;
  throw new DomainError('conflict', message, {
    code: 'max_secrets',
    errors: [{ pointer: '/0/overlap_seconds', message }],
  });
}
