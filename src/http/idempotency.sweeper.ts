import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { DataSource } from 'typeorm';
import { IdempotencyStore } from './idempotency.store.js';

const HOURLY_MS = 3_600_000;

/** Forgets old answers. Deleting twice does no harm, so every replica may do it. */
@Injectable()
export class IdempotencySweeper implements BeforeApplicationShutdown {
  private readonly logger = new Logger(IdempotencySweeper.name);
  private running?: Promise<void>;
  private isStopping = false;

  constructor(
    private readonly store: IdempotencyStore,
    private readonly database: DataSource,
  ) {}

  @Interval(HOURLY_MS)
  sweep(): Promise<void> {
    this.running ??= this.forgetAll()
      .catch((error: unknown) => this.logger.warn(error))
      .finally(() => (this.running = undefined));
    return this.running;
  }

  /** The pool is closed next. */
  async beforeApplicationShutdown(): Promise<void> {
    this.isStopping = true;
    await this.running;
  }

  private async forgetAll(): Promise<void> {
    while (!this.isStopping && (await this.store.forgetSome(this.database)));
  }
}
