import { Schema001 } from './001-schema.js';
import { Holds002 } from './002-holds.js';
import { Webhooks004 } from './004-webhooks.js';

/** In order. A new migration is a new class here; an applied one is never edited. */
export const migrations = [Schema001, Holds002, Webhooks004];
