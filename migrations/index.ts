import { Schema001 } from './001-schema.js';
import { Holds002 } from './002-holds.js';
import { Usage003 } from './003-usage.js';
import { Webhooks004 } from './004-webhooks.js';
import { SyncRequests005 } from './005-sync-requests.js';
import { RevokedSecrets006 } from './006-revoked-secrets.js';
import { LedgerOfMasters007 } from './007-ledger-of-masters.js';

/** In order. A new migration is a new class here; an applied one is never edited. */
export const migrations = [
  Schema001,
  Holds002,
  Usage003,
  Webhooks004,
  SyncRequests005,
  RevokedSecrets006,
  LedgerOfMasters007,
];
