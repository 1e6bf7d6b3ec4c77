import { Schema001 } from './001-schema.js';
import { Usage003 } from './003-usage.js';

/** In order. A new migration is a new class here; an applied one is never edited. */
export const migrations = [Schema001, Usage003];
