import type { Actor } from '../../common/request-context.js';

/** Each route that is not public belongs to exactly one of them. */
export type Role = SessionRole | 'internal';

/** Those that people have, and so can sign in for a while. */
export type SessionRole = 'admin' | 'master';

/** Who stands behind a credential that was just found valid. */
export interface Principal {
  role: Role;
  /** Names it within its role, in a JWT. */
  subject: string;
  /** Changes when everything that was issued to it before is to become invalid. */
  epoch: number;
  actor: Actor;
  /** Of a scoped admin token; undefined means everything. */
  scopes?: readonly string[];
}
