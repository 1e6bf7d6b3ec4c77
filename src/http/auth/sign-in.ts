import { Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { DomainError } from '../../common/domain-error.js';
import { requestContext } from '../../common/request-context.js';
import { SignInLimiter } from '../sign-in-limiter.js';
import { findBearer } from './bearer.js';
import { Credentials } from './credentials.js';
import type { Principal, Role } from './principal.js';
import { SessionTokens } from './session-tokens.js';

/** Turns a credential into its principal, or into the one answer that all wrong credentials get. */
@Injectable()
export class SignIn {
  constructor(
    private readonly credentials: Credentials,
    private readonly sessions: SessionTokens,
    private readonly limiter: SignInLimiter,
  ) {}

  /** For guards: whoever sends this request is from here on its actor. */
  async admit(request: Request, role: Role): Promise<Principal> {
    const credential = findBearer(request);
    const principal = this.accept(credential, role, await this.find(credential));
    const context = requestContext();
    if (context) {
      context.actor = principal.actor;
      context.scopes = principal.scopes;
    }
    return principal;
  }

  /** For the exchange: a JWT is not enough to get the next one, or it would never expire. */
  async withSecret(secret: string | undefined, role: Role): Promise<Principal> {
    return this.accept(secret, role, secret === undefined ? undefined : await this.credentials.findBySecret(secret));
  }

  private async find(credential: string | undefined): Promise<Principal | undefined> {
    if (credential === undefined) return undefined;
    const claims = this.sessions.read(credential);
    return claims ? this.credentials.findByClaims(claims) : this.credentials.findBySecret(credential);
  }

  private accept(credential: string | undefined, role: Role, principal: Principal | undefined): Principal {
    if (principal?.role === role) return principal;
    if (principal) throw forbidden('This credential is of another role');
    if (credential !== undefined) this.limiter.failed(requestContext()?.ip ?? '', credential);
    throw new DomainError('unauthenticated', 'A valid credential is needed');
  }
}

export const forbidden = (message: string): DomainError => new DomainError('forbidden', message);
