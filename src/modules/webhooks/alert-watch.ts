import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { AlertSources } from './alert-sources.service.js';
import { DeliveryStore } from './delivery-store.js';
import type { Webhook } from './webhook.entity.js';
import { WebhookSender } from './sender.js';
import { conditionsOf } from './webhooks.dto.js';
import { WebhooksService } from './webhooks.service.js';

const LOOK_MS = 10_000;
const DELIVER_MS = 1_000;
const SWEEP_MS = 3_600_000;
const AT_ONCE = 4;

/**
 * Looks for what is to be alerted of, and delivers it. Every replica does: that an alert is raised once, and a delivery in
 * the hands of one, is the business of the statements.
 */
@Injectable()
export class AlertWatch implements BeforeApplicationShutdown {
  private readonly running = new Map<string, Promise<void>>();
  private isStopping = false;
  private readonly logger = new Logger(AlertWatch.name);

  constructor(
    private readonly webhooks: WebhooksService,
    private readonly sources: AlertSources,
    private readonly store: DeliveryStore,
    private readonly sender: WebhookSender,
  ) {}

  @Interval(LOOK_MS)
  look(): Promise<void> {
    return this.once('look', (webhook) => this.raiseAll(webhook));
  }

  @Interval(DELIVER_MS)
  deliver(): Promise<void> {
    return this.once('deliver', () => this.deliverAll());
  }

  @Interval(SWEEP_MS)
  sweep(): Promise<void> {
    return this.once('sweep', async (webhook) => {
      await this.webhooks.reseal(webhook);
      await this.store.sweep();
    });
  }

  /** The pool is closed next. */
  async beforeApplicationShutdown(): Promise<void> {
    this.isStopping = true;
    await Promise.all(this.running.values());
  }

  private async raiseAll(webhook: Webhook): Promise<void> {
    const conditions = conditionsOf(webhook);
    for (const event of webhook.events) {
      // One source that can't say must not silence the others.
      try {
        await this.store.raise(event, await this.sources.find(event, conditions));
      } catch (error) {
        this.logger.debug(`${event} is not known: ${(error as Error).message}`);
      }
    }
    await this.store.resolveSilent();
  }

  /** To whoever is the receiver then: each few deliveries look again, for they may take their time. */
  private async deliverAll(): Promise<void> {
    while (!this.isStopping) {
      const webhook = await this.webhooks.find();
      const claimed = webhook?.status === 'active' ? await this.store.claim(AT_ONCE) : [];
      if (claimed.length === 0) return;
      await Promise.all(claimed.map((delivery) => this.sender.attempt(webhook!, delivery)));
    }
  }

  /** A timer doesn't wait for the run before, so that one is joined. Nothing to do without a receiver. */
  private once(name: string, work: (webhook: Webhook) => Promise<void>): Promise<void> {
    const current = this.running.get(name) ?? this.run(name, work).finally(() => this.running.delete(name));
    this.running.set(name, current);
    return current;
  }

  private async run(name: string, work: (webhook: Webhook) => Promise<void>): Promise<void> {
    try {
      const webhook = await this.webhooks.find();
      if (webhook?.status === 'active') await work(webhook);
    } catch (error) {
      this.logger.warn(`webhook: ${name} failed: ${(error as Error).message}`);
    }
  }
}
