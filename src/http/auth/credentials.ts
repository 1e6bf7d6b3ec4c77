import { Injectable } from '@nestjs/common';
import { createHmac } from 'node:crypto';
import { DataSource } from 'typeorm';
import { sameSecret } from '../../common/compare.js';
import { Config } from '../../config/config.js';
import { hashToken, isWellFormedToken } from '../../contract/token.js';
import { Lookups } from './lookups.js';
import type { Principal } from './principal.js';
import type { SessionClaims } from './session-tokens.js';

/** Finds who a credential belongs to, as things are now: nothing is cached, so what was taken back is refused at once. */
@Injectable()
export class Credentials {
  constructor(
    private readonly database: DataSource,
    private readonly config: Config,
    private readonly lookups: Lookups,
  ) {}

  /** By what its holder was given: a configured token, a scoped admin token, or a master key. */
  async findBySecret(secret: string): Promise<Principal | undefined> {
    const { admin_token, internal_token } = this.config.auth;
    if (sameSecret(secret, admin_token)) return this.configured('admin', admin_token);
    if (sameSecret(secret, internal_token)) return this.configured('internal', internal_token);
    // What can't have been issued for this costs no query.
    if (!isWellFormedToken(secret) || secret.startsWith('ezk_')) return undefined;
    const hash = hashToken(secret);
    return this.lookups.look(hash, () =>
      secret.startsWith('eza_') ? this.adminToken('token_hash = $1', hash) : this.master('master_key_hash = $1', hash),
    );
  }

  /** By the claims of a JWT, which hold only as long as the epoch is the same. */
  async findByClaims(claims: SessionClaims): Promise<Principal | undefined> {
    const principal = claims.role === 'admin' ? await this.admin(claims.sub) : await this.masterOf(claims.sub);
    return principal?.epoch === claims.epoch ? principal : undefined;
  }

  private async admin(subject: string): Promise<Principal | undefined> {
    const { admin_token } = this.config.auth;
    if (subject === 'admin') return this.configured('admin', admin_token);
    const id = ID_OF_ADMIN_TOKEN.exec(subject)?.[1];
    return id === undefined ? undefined : this.adminToken('id = $1', id);
  }

  private async masterOf(subject: string): Promise<Principal | undefined> {
    return ID.test(subject) ? this.master('id = $1', subject) : undefined;
  }

  private configured(role: 'admin' | 'internal', token: string): Principal | undefined {
    if (token === '') return undefined;
    return { role, subject: role, epoch: this.epochOf(token), actor: { type: role, id: role, name: role } };
  }

  /** Scoped tokens are issued by the admin, so without an admin token their routes are closed as well. */
  private async adminToken(condition: string, value: string): Promise<Principal | undefined> {
    if (this.config.auth.admin_token === '') return undefined;
    const [row] = await this.database.query<AdminTokenRow[]>(
      `SELECT id, name, scopes, token_hash FROM admin_tokens
        WHERE ${condition} AND (expires_at IS NULL OR expires_at > now())`,
      [value],
    );
    if (!row) return undefined;
    return {
      role: 'admin',
      subject: `admin_token:${row.id}`,
      epoch: this.epochOf(row.token_hash),
      actor: { type: 'admin_token', id: row.id, name: row.name },
      scopes: row.scopes,
    };
  }

  private async master(condition: string, value: string): Promise<Principal | undefined> {
    const [row] = await this.database.query<MasterRow[]>(
      `SELECT id, name, epoch FROM masters WHERE ${condition} AND status = 'active'`,
      [value],
    );
    if (!row) return undefined;
    return {
      role: 'master',
      subject: row.id,
      epoch: row.epoch,
      actor: { type: 'master', id: row.id, name: row.name },
    };
  }

  /** Tokens have no epoch of their own; another token has another one. 48 bits of an HMAC tell nothing about the token. */
  private epochOf(token: string): number {
    return createHmac('sha256', this.config.auth.jwt_secret).update(`epoch:${token}`).digest().readUIntBE(0, 6);
  }
}

interface AdminTokenRow {
  /** pg hands bigint over as text. */
  id: string;
  name: string;
  scopes: string[];
  token_hash: string;
}

interface MasterRow {
  id: string;
  name: string;
  epoch: number;
}

const ID = /^[1-9]\d{0,15}$/;
const ID_OF_ADMIN_TOKEN = /^admin_token:([1-9]\d{0,15})$/;
