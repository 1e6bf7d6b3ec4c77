import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { hashToken, newMasterKey, tokenHint } from '../../contract/token.js';
import { CrudService, type RowChange, type WithId } from '../../crud/crud.service.js';
import { single } from '../../crud/item-errors.js';
import { updateRows } from '../../crud/rows.js';
import { Outbox } from '../../outbox/outbox.js';
import type { Tx } from '../../outbox/tx.js';
import { KeysService } from '../keys/keys.service.js';
import { Master } from './master.entity.js';
import { assertDefaultNamespace, assertNamespacesUnused } from './master-namespaces.js';
import { toMasterView, type CreateMasterDto, type MasterAction, type UpdateMasterDto } from './masters.dto.js';

@Injectable()
export class MastersService extends CrudService<Master, CreateMasterDto, UpdateMasterDto> {
  protected readonly resource = 'master';
  protected readonly view = toMasterView;
  protected readonly listing = {
    search: ['r.name'],
    sort: { name: 'r.name', created_at: 'r.created_at', updated_at: 'r.updated_at' },
    filters: {
      status: 'r.status = :status',
      group: 'r.group = :group',
      namespace: 'r.namespaces @> ARRAY[:namespace]',
    },
  };

  constructor(
    outbox: Outbox,
    @InjectRepository(Master) repository: Repository<Master>,
    private readonly keys: KeysService,
  ) {
    super(outbox, repository);
  }

  manage(id: number, action: MasterAction): Promise<Master> {
    return this.outbox.write((tx) =>
      single(async () => {
        const before = await this.lock(tx.manager, [id]);
        return (await this.change(tx, action, before, [{ ...ACTIONS[action](before[0]!), id }]))[0]!;
      }),
    );
  }

  protected override async insert(tx: Tx, inputs: CreateMasterDto[]): Promise<Master[]> {
    inputs.forEach(assertDefaultNamespace);
    const issued = inputs.map((input) => ({ ...input, ...newCredential() }));
    const masters = await super.insert(tx, issued);
    masters.forEach((master, i) => (master.master_key = issued[i]!.master_key));
    return masters;
  }

  protected override async patch(tx: Tx, changes: WithId<UpdateMasterDto>[]): Promise<Master[]> {
    const before = await this.lock(
      tx.manager,
      changes.map(({ id }) => id),
    );
    before.forEach((row, i) => assertDefaultNamespace({ ...row, ...changes[i] }, i));
    await assertNamespacesUnused(tx.manager, before, changes);
    return this.change(tx, 'update', before, changes);
  }

  protected override async delete(tx: Tx, ids: number[]): Promise<void> {
    // Whoever writes a key locks its master first: from here on none can be added.
    await this.lock(tx.manager, ids);
    await this.keys.deleteAllOf(tx, ids);
    await super.delete(tx, ids);
  }

  protected declare(tx: Tx, changes: RowChange<Master>[]): void {
    tx.removed(
      'master',
      changes.flatMap(({ before, after }) => (after ? [] : before!.id)),
    );
    tx.changed(
      'master',
      changes.flatMap(({ after }) => after?.id ?? []),
    );
    this.keys.declareAllOf(
      tx,
      changes.filter(isShownByKeys).map(({ after }) => after!.id),
    );
  }

  private async change(
    tx: Tx,
    action: string,
    before: Master[],
    changes: WithId<Partial<Master>>[],
  ): Promise<Master[]> {
    const after = await updateRows(tx.manager, this.repository.metadata, before, changes);
    after.forEach((master, i) => (master.master_key = changes[i]!.master_key));
    await this.wrote(
      tx,
      action,
      before.map((row, i) => ({ before: row, after: after[i]! })),
    );
    return after;
  }
}

const ACTIONS: Record<MasterAction, (master: Master) => Partial<Master>> = {
  suspend: () => ({ status: 'suspended' }),
  activate: () => ({ status: 'active' }),
  rotate: ({ epoch }) => ({ ...newCredential(), epoch: epoch + 1 }),
  bump_epoch: ({ epoch }) => ({ epoch: epoch + 1 }),
};

function newCredential(): Pick<Master, 'master_key_hash' | 'master_key_hint'> & { master_key: string } {
  const master_key = newMasterKey();
  return { master_key, master_key_hash: hashToken(master_key), master_key_hint: tokenHint(master_key) };
}

/** What the records of its keys repeat of a master. */
const SHOWN_BY_KEYS = ['status', 'group', 'namespaces', 'default_namespace', 'epoch'] as const;

function isShownByKeys({ before, after }: RowChange<Master>): boolean {
  return (
    before !== undefined &&
    after !== undefined &&
    SHOWN_BY_KEYS.some((field) => String(before[field]) !== String(after[field]))
  );
}
