import { Injectable } from '@nestjs/common';
import { Gauge } from 'prom-client';
import { Metrics } from '../../common/metrics.js';
import type { Page } from '../../common/page.js';
import { DeliveryStore } from './delivery-store.js';
import type { DeliveryView, ListDeliveriesDto } from './deliveries.dto.js';
import { WebhookSender } from './sender.js';
import { WebhooksService } from './webhooks.service.js';

/** What operators see of deliveries, and what they can ask for. */
@Injectable()
export class DeliveriesService {
  constructor(
    private readonly store: DeliveryStore,
    private readonly webhooks: WebhooksService,
    private readonly sender: WebhookSender,
    metrics: Metrics,
  ) {
    const gauge = new Gauge({
      name: 'ez_webhook_deliveries',
      help: 'Alerts that wait to be delivered, and that were given up',
      labelNames: ['status'],
      registers: [metrics.registry],
    });
    metrics.beforeScrape(async () => {
      for (const [status, count] of Object.entries(await store.counts())) gauge.set({ status }, count);
    });
  }

  list(query: ListDeliveriesDto): Promise<Page<DeliveryView>> {
    return this.store.list(query);
  }

  get(id: number): Promise<DeliveryView> {
    return this.store.get(id);
  }

  replay(id: number): Promise<DeliveryView> {
    return this.store.replay(id);
  }

  /** Sends at once, and answers what became of it. */
  async test(): Promise<DeliveryView> {
    const webhook = await this.webhooks.get();
    const delivery = await this.store.claimOne(await this.store.addTest());
    await this.sender.attempt(webhook, delivery);
    return this.store.get(delivery.id);
  }
}
