import { Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { Config } from '../../config/config.js';
import { Leadership } from '../leadership.js';
import { isWrongType } from '../redis-store.js';
import { AckStore } from './ack-store.js';
import type { DataPlane } from './ack.js';
import { Register } from './register.js';

/** Takes Redis some 0.3 ms, so the search is about 1 % of its time. */
const PAGE = 1_000;
const PAGE_PAUSE_MS = 25;
const PASS_PAUSE_MS = 5_000;

/**
 * Keeps the register of data planes, in the replica that leads and at leisure: adds those that acknowledge and don't register, as the first
 * contract has it, forgets those that have been silent for a minute, and logs who refuses.
 */
@Injectable()
export class DataPlaneSearch implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('DataPlanes');
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;
  private readonly register: Register;
  private refusals: ReadonlyMap<string, string> = new Map();

  constructor(
    private readonly config: Config,
    private readonly leadership: Leadership,
    private readonly store: AckStore,
  ) {
    this.register = new Register(store);
  }

  onApplicationBootstrap(): void {
    if (this.config.sync_outbox.enabled) this.running = this.run();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      await this.pass().catch((error: Error) => this.logger.debug(`no search for data planes: ${error.message}`));
      await this.pause(PASS_PAUSE_MS);
    }
  }

  private async pass(): Promise<void> {
    if (!this.isLeading()) return;
    await this.walk().catch((error: unknown) => this.clearUnlessRegister(error));
    for await (const found of this.store.search(PAGE)) {
      if (found.length > 0) await this.store.register(found);
      await this.pause(PAGE_PAUSE_MS);
      if (!this.isLeading()) return;
    }
  }

  private async walk(): Promise<void> {
    const refusing: DataPlane[] = [];
    for await (const nodes of this.register.walk(Date.now())) {
      refusing.push(...nodes.filter(({ state }) => state !== 'ok'));
      await this.pause(PAGE_PAUSE_MS);
      if (!this.isLeading()) return;
    }
    this.logRefusals(refusing);
  }

  /** A register of another type can only be a mistake, and whoever belongs in it will be found. */
  private async clearUnlessRegister(error: unknown): Promise<void> {
    if (!isWrongType(error)) throw error;
    await this.store.clear();
  }

  /** Once for each reason. */
  private logRefusals(refusing: readonly DataPlane[]): void {
    const refusals = new Map(
      refusing.map(({ node, state, error }) => [node, `${state}: ${error ?? 'no reason given'}`]),
    );
    for (const [node, refusal] of refusals) {
      if (this.refusals.get(node) !== refusal) this.logger.warn(`data plane ${node} says ${refusal}`);
    }
    this.refusals = refusals;
  }

  private isLeading(): boolean {
    return this.leadership.fence !== undefined && !this.stopping.signal.aborted;
  }

  private async pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.stopping.signal, ref: false }).catch(() => undefined);
  }
}
