import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { DomainError } from '../../common/domain-error.js';
import { LOGS, schemaState } from '../../database/migrate.js';
import { LogDatabase } from '../../log-database/log-database.js';

const EVERY_MS = 5_000;

/** Knows whether the log database has the tables that this release writes. */
@Injectable()
export class LogSchema implements OnApplicationBootstrap {
  /** Until the first answer nobody knows, and records may wait for it. */
  isOlder = false;
  private isChecking = false;
  private isExpected = false;
  private readonly logger = new Logger(LogSchema.name);

  constructor(private readonly database: LogDatabase) {}

  onApplicationBootstrap(): void {
    void this.check();
  }

  /** Answers 503 rather than let records wait for a migration that may never come. */
  requireExpected(): void {
    if (!this.isOlder) return;
    throw new DomainError('unavailable', 'The log database has an older schema: run the migrations', {
      code: 'log_schema_older',
      retryAfterSeconds: EVERY_MS / 1000,
    });
  }

  /** Migrations are not undone while a server runs: once it is right there is nothing more to ask. */
  @Interval(EVERY_MS)
  async check(): Promise<void> {
    if (this.isExpected || this.isChecking) return;
    this.isChecking = true;
    try {
      const { missing } = await schemaState(this.database.reads, LOGS);
      this.isExpected = missing.length === 0;
      if (!this.isExpected && !this.isOlder) this.logger.warn(`the log database lacks ${missing.join(', ')}`);
      this.isOlder = !this.isExpected;
    } catch (error) {
      this.logger.debug(`the schema of the log database is not known: ${(error as Error).message}`);
    } finally {
      this.isChecking = false;
    }
  }
}
