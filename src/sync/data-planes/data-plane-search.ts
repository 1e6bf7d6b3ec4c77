import { Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { Config } from '../../config/config.js';
import { Leadership } from '../leadership.js';
import { AckStore } from './ack-store.js';
import { DATA_PLANES_MAX } from './data-planes.js';

/** Takes Redis some 0.3 ms, so the search is about 1 % of its time. */
const PAGE = 1_000;
const PAGE_PAUSE_MS = 25;
const PASS_PAUSE_MS = 5_000;
const SWEEP_MS = 60_000;

/**
 * Registers data planes that acknowledge without doing it themselves, as those of the first contract, and forgets those that have been
 * silent for a minute. In the replica that leads, at leisure.
 */
@Injectable()
export class DataPlaneSearch implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(DataPlaneSearch.name);
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;
  private silent: ReadonlySet<string> = new Set();
  private sweptAt = 0;

  constructor(
    private readonly config: Config,
    private readonly leadership: Leadership,
    private readonly store: AckStore,
  ) {}

  onApplicationBootstrap(): void {
    if (this.config.sync_outbox.enabled) this.running = this.run();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      try {
        if (this.isLeading()) await this.search();
        if (this.isLeading() && Date.now() - this.sweptAt >= SWEEP_MS) await this.sweep();
      } catch (error) {
        this.logger.debug(`no search for data planes: ${(error as Error).message}`);
      }
      await this.pause(PASS_PAUSE_MS);
    }
  }

  private async search(): Promise<void> {
    for await (const names of this.store.search(PAGE)) {
      if (names.length > 0) await this.store.register(names);
      await this.pause(PAGE_PAUSE_MS);
      if (!this.isLeading()) return;
    }
  }

  /** Twice in a row, because a node may register between being looked at and being forgotten. */
  private async sweep(): Promise<void> {
    const names = await this.store.names(DATA_PLANES_MAX);
    const nodes = await Promise.all(names.map((name) => this.store.read(name)));
    const silent = names.filter((_, i) => nodes[i] === undefined);
    const forgotten = silent.filter((name) => this.silent.has(name));
    if (forgotten.length > 0) await this.store.forget(forgotten);
    this.silent = new Set(silent);
    this.sweptAt = Date.now();
  }

  private isLeading(): boolean {
    return this.leadership.fence !== undefined && !this.stopping.signal.aborted;
  }

  private async pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.stopping.signal, ref: false }).catch(() => undefined);
  }
}
