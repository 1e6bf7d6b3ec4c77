import { Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { DataSource } from 'typeorm';
import { AT_ONCE, CLOSE_LINES, FORGET_BATCHES } from './book-keeping.sql.js';

const HOURLY_MS = 3_600_000;

/** Keeps the books short: old lines become sums, and batches that nobody will repeat are forgotten. Every replica may do it. */
@Injectable()
export class BookKeeping implements BeforeApplicationShutdown {
  private readonly logger = new Logger(BookKeeping.name);
  private running: Promise<void> | undefined;
  private isStopping = false;

  constructor(private readonly database: DataSource) {}

  @Interval(HOURLY_MS)
  keep(): Promise<void> {
    this.running ??= this.keepAll().finally(() => (this.running = undefined));
    return this.running;
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.isStopping = true;
    await this.running;
  }

  private async keepAll(): Promise<void> {
    await this.shorten('ledger', CLOSE_LINES);
    await this.shorten('list of batches', FORGET_BATCHES);
  }

  /** One that can't be shortened is no reason for the other to stay long. */
  private async shorten(name: string, statement: string): Promise<void> {
    try {
      while (!this.isStopping && (await this.some(statement)) === AT_ONCE);
    } catch (error) {
      this.logger.warn(`the ${name} stays long: ${(error as Error).message}`);
    }
  }

  private async some(statement: string): Promise<number> {
    const [row] = await this.database.query<{ done: number }[]>(statement);
    return row!.done;
  }
}
