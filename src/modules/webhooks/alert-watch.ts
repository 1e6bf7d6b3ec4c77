import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { AlertSources, type AlertConditions, type AlertEvent } from './alert-sources.service.js';
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
  private readonly unknown = new Set<AlertEvent>();
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
    return this.once('look', async () => {
      const webhook = await this.webhooks.find();
      if (webhook?.status === 'active') await this.raiseAll(webhook);
    });
  }

  @Interval(DELIVER_MS)
  deliver(): Promise<void> {
    return this.once('deliver', () => this.deliverAll());
  }

  /** What is old is old, whether there is a receiver or not. */
  @Interval(SWEEP_MS)
  sweep(): Promise<void> {
    return this.once('sweep', async () => {
      await this.store.sweep();
      const webhook = await this.webhooks.find();
      if (webhook) await this.webhooks.reseal(webhook);
    });
  }

  /** The pool is closed next. */
  async beforeApplicationShutdown(): Promise<void> {
    this.isStopping = true;
    await Promise.all(this.running.values());
  }

  private async raiseAll(webhook: Webhook): Promise<void> {
    const conditions = conditionsOf(webhook);
    const unknown: AlertEvent[] = [];
    for (const event of webhook.events) {
      if (!(await this.raise(event, conditions))) unknown.push(event);
    }
    await this.store.resolveSilent(unknown);
  }

  /** One source that can't say must not silence the others. @returns whether it could say */
  private async raise(event: AlertEvent, conditions: AlertConditions): Promise<boolean> {
    try {
      await this.store.raise(event, await this.sources.find(event, conditions));
      this.sources.raised(event);
      this.unknown.delete(event);
      return true;
    } catch (error) {
      if (!this.unknown.has(event)) this.logger.warn(`${event} is not known: ${(error as Error).message}`);
      this.unknown.add(event);
      return false;
    }
  }

  /** To whoever is the receiver then: each few deliveries look again, for they may take their time. */
  private async deliverAll(): Promise<void> {
    while (!this.isStopping) {
      const claimed = await this.store.claim(AT_ONCE);
      const webhook = claimed.length > 0 ? await this.webhooks.find() : null;
      if (webhook?.status !== 'active') return;
      await Promise.all(claimed.map((delivery) => this.sender.attempt(webhook, delivery)));
    }
  }

  /** A timer doesn't wait for the run before, so that one is joined. */
  private once(name: string, work: () => Promise<void>): Promise<void> {
    const current = this.running.get(name) ?? this.run(name, work).finally(() => this.running.delete(name));
    this.running.set(name, current);
    return current;
  }

  private async run(name: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.logger.warn(`webhook: ${name} failed: ${(error as Error).message}`);
    }
  }
}
