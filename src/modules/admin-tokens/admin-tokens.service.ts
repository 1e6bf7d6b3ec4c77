import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { DomainError } from '../../common/domain-error.js';
import { requestContext } from '../../common/request-context.js';
import { hashToken, newAdminToken, tokenHint } from '../../contract/token.js';
import { CrudService, type RowChange, type WithId } from '../../crud/crud.service.js';
import { unprocessableItem } from '../../crud/item-errors.js';
import { covers } from '../../common/scopes.js';
import { Outbox } from '../../outbox/outbox.js';
import type { Tx } from '../../outbox/tx.js';
import { AdminToken } from './admin-token.entity.js';
import { toAdminTokenView, type CreateAdminTokenDto, type UpdateAdminTokenDto } from './admin-tokens.dto.js';

@Injectable()
export class AdminTokensService extends CrudService<AdminToken, CreateAdminTokenDto, UpdateAdminTokenDto> {
  protected readonly resource = 'admin token';
  protected readonly view = toAdminTokenView;
  protected readonly listing = {
    search: ['r.name'],
    sort: {
      name: 'r.name',
      expires_at: 'r.expires_at',
      created_at: 'r.created_at',
      updated_at: 'r.updated_at',
    },
    filters: {},
  };

  constructor(outbox: Outbox, @InjectRepository(AdminToken) repository: Repository<AdminToken>) {
    super(outbox, repository);
  }

  protected override async insert(tx: Tx, inputs: CreateAdminTokenDto[]): Promise<AdminToken[]> {
    assertFuture(inputs);
    const tokens = inputs.map(() => newAdminToken());
    const stored = inputs.map((input, i) => ({
      ...input,
      token_hash: hashToken(tokens[i]!),
      hint: tokenHint(tokens[i]!),
    }));
    const rows = await super.insert(tx, stored);
    return rows.map((row, i) => Object.assign(row, { token: tokens[i]! }));
  }

  protected override patch(tx: Tx, changes: WithId<UpdateAdminTokenDto>[]): Promise<AdminToken[]> {
    assertFuture(changes);
    return super.patch(tx, changes);
  }

  /** A scoped token manages only tokens that can do no more than itself; any other would be its way to more. */
  protected override wrote(tx: Tx, action: string, changes: RowChange<AdminToken>[]): Promise<void> {
    const held = requestContext()?.scopes;
    const beyond = changes.findIndex(
      ({ before, after }) => held && !covers(held, [...(before?.scopes ?? []), ...(after?.scopes ?? [])]),
    );
    if (beyond >= 0) throw beyondOwnScopes(beyond);
    return super.wrote(tx, action, changes);
  }

  /** Balancers know nothing of admin tokens. */
  protected declare(): void {
    return undefined;
  }
}

function assertFuture(inputs: { expires_at?: string | null }[]): void {
  const past = inputs.findIndex(({ expires_at }) => expires_at && !(Date.parse(expires_at) > Date.now()));
  if (past >= 0) throw unprocessableItem(past, 'expires_at', 'expires_at must be in the future');
}

function beyondOwnScopes(index: number): DomainError {
  const message = 'A scoped token cannot manage a token of more scopes than its own';
  return new DomainError('forbidden', message, { errors: [{ pointer: `/${index}/scopes`, message }] });
}
