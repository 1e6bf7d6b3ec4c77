import { Injectable } from '@nestjs/common';
import { DomainError } from '../../common/domain-error.js';
import type { SessionRole } from '../../http/auth/principal.js';
import { SessionTokens } from '../../http/auth/session-tokens.js';
import { SignIn } from '../../http/auth/sign-in.js';
import type { SessionTokenView } from './auth.dto.js';

@Injectable()
export class AuthService {
  constructor(
    private readonly signIn: SignIn,
    private readonly sessions: SessionTokens,
  ) {}

  /** Two credentials would leave open whose token this is (RFC 6750, 2), so there must be one. */
  async exchange(
    role: SessionRole,
    bearer: string | undefined,
    inBody: string | null | undefined,
  ): Promise<SessionTokenView> {
    const [secret, ...others] = [bearer, inBody].filter((one) => typeof one === 'string');
    if (others.length > 0) {
      throw new DomainError('invalid', 'Send one credential: as Authorization or in the body, not both');
    }
    const principal = await this.signIn.withSecret(secret, role);
    return { access_token: this.sessions.issue(principal), token_type: 'Bearer', expires_in: this.sessions.ttlSeconds };
  }
}
