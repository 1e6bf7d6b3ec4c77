import { Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { DataSource } from 'typeorm';
import { IdempotencyStore } from './idempotency.store.js';

const HOURLY_MS = 3_600_000;

/** Forgets old answers. Deleting twice does no harm, so every replica may do it. */
@Injectable()
export class IdempotencySweeper {
  private readonly logger = new Logger(IdempotencySweeper.name);

  constructor(
    private readonly store: IdempotencyStore,
    private readonly database: DataSource,
  ) {}

  @Interval(HOURLY_MS)
  async sweep(): Promise<void> {
    await this.store.forgetOld(this.database).catch((error: unknown) => this.logger.warn(error));
  }
}
