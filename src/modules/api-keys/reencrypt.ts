import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { Interval, Timeout } from '@nestjs/schedule';
import { ApiKeySecrets } from './api-key-secrets.js';

const AFTER_START_MS = 10_000;
const HOUR_MS = 3_600_000;

/** Moves secrets to the first of the encryption keys, so that an old one can be taken out of the configuration in the end. */
@Injectable()
export class Reencryption implements BeforeApplicationShutdown {
  private readonly logger = new Logger(Reencryption.name);
  private running?: Promise<void>;

  constructor(private readonly secrets: ApiKeySecrets) {}

  @Timeout(AFTER_START_MS)
  soonAfterStart(): Promise<void> {
    return this.run();
  }

  @Interval(HOUR_MS)
  hourly(): Promise<void> {
    return this.run();
  }

  /** The pool is closed next. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.running?.catch(() => undefined);
  }

  private run(): Promise<void> {
    this.running ??= this.reencrypt().finally(() => (this.running = undefined));
    return this.running;
  }

  private async reencrypt(): Promise<void> {
    const resealed = await this.secrets.resealOutdated();
    if (resealed > 0) this.logger.log(`${resealed} upstream secrets encrypted with the current key`);
    const undecryptable = await this.secrets.undecryptable();
    if (undecryptable > 0)
      this.logger.warn(`${undecryptable} upstream secrets can be decrypted with none of EZ_ENCRYPTION_KEY`);
  }
}
