import { Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { createSecretKey, randomUUID } from 'node:crypto';
import { Config } from '../../config/config.js';
import type { Principal, SessionRole } from './principal.js';

/** What a JWT says of its holder. Whether that still holds is asked of the database on every request. */
export interface SessionClaims {
  role: SessionRole;
  sub: string;
  epoch: number;
}

const PARTY = 'ez-api';
const LEEWAY_SECONDS = 30;

/** The JWTs of `/auth`: HS256 and nothing else, issued and accepted by this control plane alone. */
@Injectable()
export class SessionTokens {
  readonly ttlSeconds: number;
  private readonly jwt: JwtService;

  constructor({ auth }: Config) {
    this.ttlSeconds = auth.jwt_ttl_seconds;
    this.jwt = new JwtService({
      // With a KeyObject jsonwebtoken verifies some fifty times faster than with a string.
      secret: createSecretKey(auth.jwt_secret, 'utf8'),
      signOptions: { algorithm: 'HS256', issuer: PARTY, audience: PARTY, expiresIn: this.ttlSeconds, notBefore: 0 },
      verifyOptions: { algorithms: ['HS256'], issuer: PARTY, audience: PARTY, clockTolerance: LEEWAY_SECONDS },
    });
  }

  issue({ role, subject, epoch }: Principal): string {
    return this.jwt.sign({ role, epoch }, { subject, jwtid: randomUUID() });
  }

  /** @returns undefined for whatever is not a JWT of ours that is valid now */
  read(token: string): SessionClaims | undefined {
    const claims = this.verified(token);
    return claims && isComplete(claims) ? claims : undefined;
  }

  private verified(token: string): Record<string, unknown> | undefined {
    if (!JWT_SHAPE.test(token)) return undefined;
    try {
      return this.jwt.verify<Record<string, unknown>>(token);
    } catch {
      return undefined;
    }
  }
}

const JWT_SHAPE = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** A JWT without an expiry verifies for ever as far as the library is concerned. */
function isComplete(claims: Record<string, unknown>): claims is Record<string, unknown> & SessionClaims {
  const { role, sub, epoch, exp, nbf, jti } = claims;
  const hasTimes = typeof exp === 'number' && typeof nbf === 'number';
  const isNamed = typeof sub === 'string' && typeof jti === 'string';
  return hasTimes && isNamed && (role === 'admin' || role === 'master') && Number.isSafeInteger(epoch);
}
