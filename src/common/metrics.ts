import { Injectable, Logger } from '@nestjs/common';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { setTimeout as sleep } from 'node:timers/promises';

/** Whoever scrapes will not wait longer for what has to be asked of others, and gets what was known before. */
const PATIENCE_MS = 2_000;

type Read = () => void | Promise<void>;

/** What this process tells of itself. Everybody registers what they have; nobody may label it with data of a tenant. */
@Injectable()
export class Metrics {
  readonly registry = new Registry();
  private readonly readings: Reading[] = [];

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  /** Brings values up to date that are not counted where they change. */
  beforeScrape(read: Read): void {
    this.readings.push(new Reading(read));
  }

  /** The Prometheus text format. */
  async expose(): Promise<string> {
    const answered = new AbortController();
    const late = sleep(PATIENCE_MS, undefined, { signal: answered.signal }).catch(() => undefined);
    await Promise.all(this.readings.map((reading) => Promise.race([reading.refresh(), late])));
    answered.abort();
    return this.registry.metrics();
  }
}

/** One at a time: scrapes that find the last one still on its way wait for that. */
class Reading {
  private static readonly logger = new Logger(Metrics.name);
  private running: Promise<void> | undefined;

  constructor(private readonly read: Read) {}

  refresh(): Promise<void> {
    this.running ??= this.once();
    return this.running;
  }

  private async once(): Promise<void> {
    try {
      await this.read();
    } catch (error) {
      Reading.logger.debug(`not known: ${(error as Error).message}`);
    } finally {
      this.running = undefined;
    }
  }
}
