import { LogRecords001 } from './001-records.js';
import { Rollups002 } from './002-rollups.js';
import { RollupPages003 } from './003-rollup-pages.js';

/** The migrations of the log database, in order; they stand in its schema `logs`. An applied one is never edited. */
export const logMigrations = [LogRecords001, Rollups002, RollupPages003];
