import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository, type EntityManager } from 'typeorm';
import { DomainError } from '../../common/domain-error.js';
import { withoutSecrets } from '../../common/without-secrets.js';
import type { BatchInput, BatchOutcome } from '../../crud/batch.dto.js';
import { CrudService, type RowChange, type WithId } from '../../crud/crud.service.js';
import { single, unprocessableItem } from '../../crud/item-errors.js';
import { deleteRows, updateRows } from '../../crud/rows.js';
import { Outbox } from '../../outbox/outbox.js';
import type { Tx } from '../../outbox/tx.js';
import { BindingsService } from '../bindings/bindings.service.js';
import { ApiKey } from './api-key.entity.js';
import { ApiKeySecrets, secretHint } from './api-key-secrets.js';
import { toApiKeyView, type BanApiKeyDto, type CreateApiKeyDto, type UpdateApiKeyDto } from './api-keys.dto.js';

/** What decides whether an API key may serve. */
export type ApiKeyStanding = Pick<ApiKey, 'status' | 'ban_reason' | 'ban_until'>;

@Injectable()
export class ApiKeysService extends CrudService<ApiKey, CreateApiKeyDto, UpdateApiKeyDto> {
  protected readonly resource = 'api key';
  protected readonly view = toApiKeyView;
  protected readonly listing = {
    search: ['r.name'],
    sort: {
      name: 'r.name',
      provider_group_id: 'r.provider_group_id',
      weight: 'r.weight',
      status: 'r.status',
      expires_at: 'r.expires_at',
      created_at: 'r.created_at',
      updated_at: 'r.updated_at',
    },
    filters: {
      provider_group_id: 'r.provider_group_id = :provider_group_id',
      status: 'r.status = :status',
      banned: `(r.status = 'auto_disabled' AND (r.expires_at IS NULL OR r.expires_at > now())) = :banned`,
    },
  };

  constructor(
    outbox: Outbox,
    @InjectRepository(ApiKey) repository: Repository<ApiKey>,
    private readonly secrets: ApiKeySecrets,
    private readonly bindings: BindingsService,
  ) {
    super(outbox, repository);
  }

  /** For the health page. */
  undecryptable(): Promise<number> {
    return this.secrets.undecryptable();
  }

  ban(id: number, { reason, until }: BanApiKeyDto): Promise<ApiKey> {
    return this.act(id, 'ban', ({ status }) => {
      // The end of a ban switches a key on again, which is not what the operator wanted who switched it off.
      if (status === 'manual_disabled') throw new DomainError('conflict', 'It is disabled already, by an operator');
      if (until && Date.parse(until) <= Date.now()) throw unprocessableItem(0, 'until', 'until must be in the future');
      const ban_until = until ? new Date(until) : null;
      return { status: 'auto_disabled', ban_reason: withoutSecrets(reason), ban_until };
    });
  }

  unban(id: number): Promise<ApiKey> {
    return this.act(id, 'unban', ({ status, expires_at }) => {
      if (status !== 'auto_disabled') throw new DomainError('conflict', 'It is not banned');
      if (expires_at && expires_at.getTime() <= Date.now()) {
        throw new DomainError('conflict', 'It has expired; move `expires_at` first');
      }
      return { status: 'active', ban_reason: '', ban_until: null };
    });
  }

  /** Gives locked rows of locked groups another standing. */
  async settle(tx: Tx, action: string, before: ApiKey[], standing: ApiKeyStanding): Promise<ApiKey[]> {
    const after = await updateRows(
      tx.manager,
      this.repository.metadata,
      before,
      before.map(() => standing),
    );
    await this.wrote(
      tx,
      action,
      before.map((row, i) => ({ before: row, after: after[i]! })),
    );
    return after;
  }

  /** For whoever has locked the group. */
  async deleteOfGroup(tx: Tx, groupId: number): Promise<void> {
    const rows = await tx.manager.findBy(ApiKey, { provider_group_id: groupId });
    await deleteRows(
      tx.manager,
      this.repository.metadata,
      rows.map(({ id }) => id),
    );
    await this.wrote(
      tx,
      'delete',
      rows.map((before) => ({ before })),
    );
  }

  /** For whoever has locked the groups. */
  async idsOfGroups({ manager }: Tx, groupIds: number[]): Promise<string[]> {
    const rows = await manager.query<{ id: string }[]>('SELECT id FROM api_keys WHERE provider_group_id = ANY ($1)', [
      groupIds,
    ]);
    return rows.map(({ id }) => id);
  }

  override async insert(tx: Tx, inputs: CreateApiKeyDto[]): Promise<ApiKey[]> {
    await lockGroups(tx.manager, { groups: inputs.map(({ provider_group_id }) => provider_group_id) });
    const ids = await nextIds(tx.manager, inputs.length);
    const rows = inputs.map((input, i) => {
      const id = ids[i]!;
      return { ...input, id, name: input.name ?? `key-${id}`, ...this.sealed(id, input.secret) };
    });
    return super.insert(tx, rows);
  }

  protected override async patch(tx: Tx, changes: WithId<UpdateApiKeyDto>[]): Promise<ApiKey[]> {
    const groups = groupsNamed(changes);
    if (groups.length > 0) await lockGroups(tx.manager, { groups, ofKeys: changes.map(({ id }) => id) });
    const rows = changes.map((change) => ({
      ...change,
      ...(change.secret && this.sealed(change.id, change.secret)),
      ...(endsBan(change) && { ban_reason: '', ban_until: null }),
    }));
    return super.patch(tx, rows);
  }

  /** All groups at once and in order, so that two batches can't wait for each other in a circle. */
  protected override async batchIn(
    tx: Tx,
    input: BatchInput<CreateApiKeyDto, UpdateApiKeyDto>,
  ): Promise<BatchOutcome<ApiKey>> {
    const { create, update, delete: ids } = input;
    const groups = groupsNamed([...create, ...update]);
    await lockGroups(tx.manager, { groups, ofKeys: [...ids, ...update.map(({ id }) => id)] });
    return super.batchIn(tx, input);
  }

  /** Groups come first: whoever binds a model to one either sees what is done here, or is seen by it. */
  protected override async lock(manager: EntityManager, ids: number[]): Promise<ApiKey[]> {
    const locked = await lockGroups(manager, { ofKeys: ids });
    const rows = await super.lock(manager, ids);
    const groups = rows.map(({ provider_group_id }) => provider_group_id);
    // A key may have moved to another group between the two statements.
    if (groups.some((group) => !locked.has(group))) await lockGroups(manager, { groups });
    return rows;
  }

  protected async declare(tx: Tx, changes: RowChange<ApiKey>[]): Promise<void> {
    tx.removed(
      'provider',
      changes.flatMap(({ before, after }) => (after ? [] : before!.id)),
    );
    tx.changed(
      'provider',
      changes.flatMap(({ after }) => after?.id ?? []),
    );
    tx.changed('binding', await this.bindings.fieldsOfGroups(tx, changes.flatMap(groupsServedOtherwise)));
  }

  private act(id: number, action: string, decide: (key: ApiKey) => ApiKeyStanding): Promise<ApiKey> {
    return this.outbox.write((tx) =>
      single(async () => {
        const rows = await this.lock(tx.manager, [id]);
        const [after] = await this.settle(tx, action, rows, decide(rows[0]!));
        return after!;
      }),
    );
  }

  private sealed(id: number, secret: string): Pick<ApiKey, 'secret' | 'hint'> {
    return { secret: this.secrets.seal(id, secret), hint: secretHint(secret) };
  }
}

const groupsNamed = (inputs: UpdateApiKeyDto[]): number[] =>
  inputs.flatMap(({ provider_group_id }) => provider_group_id ?? []);

const endsBan = ({ status }: UpdateApiKeyDto): boolean => status !== undefined && status !== 'auto_disabled';

/** The groups in which other API keys can serve than before, which changes how their bindings resolve. */
function groupsServedOtherwise({ before, after }: RowChange<ApiKey>): number[] {
  const isSame = before?.status === after?.status && before?.provider_group_id === after?.provider_group_id;
  return isSame ? [] : [before, after].flatMap((row) => row?.provider_group_id ?? []);
}

/** @returns the groups that are locked now, which leaves out what does not exist: the constraint names it later */
async function lockGroups(
  manager: EntityManager,
  { groups = [], ofKeys = [] }: { groups?: number[]; ofKeys?: number[] },
): Promise<Set<number>> {
  const rows = await manager.query<{ id: string }[]>(
    `SELECT id FROM provider_groups
      WHERE id IN (SELECT unnest($1::bigint[]) UNION SELECT provider_group_id FROM api_keys WHERE id = ANY ($2::bigint[]))
      ORDER BY id FOR NO KEY UPDATE`,
    [groups, ofKeys],
  );
  return new Set(rows.map(({ id }) => Number(id)));
}

/** Drawn before the insert, because an envelope is bound to the id of its row. */
async function nextIds(manager: EntityManager, count: number): Promise<number[]> {
  const rows = await manager.query<{ id: string }[]>(
    `SELECT nextval(pg_get_serial_sequence('api_keys', 'id')) AS id FROM generate_series(1, $1)`,
    [count],
  );
  return rows.map(({ id }) => Number(id));
}
