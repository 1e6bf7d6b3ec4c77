import { Injectable } from '@nestjs/common';
import { createHmac } from 'node:crypto';
import { Counter } from 'prom-client';
import { Metrics } from '../../common/metrics.js';
import { postOutbound } from '../../common/outbound-post.js';
import { DeliveryStore, type Outcome } from './delivery-store.js';
import type { DeliveryView } from './deliveries.dto.js';
import type { Webhook } from './webhook.entity.js';
import { WebhookSecrets } from './webhook-secrets.js';
import { WebhooksService } from './webhooks.service.js';

const FIRST_RETRY_MS = 5_000;
const LONGEST_RETRY_MS = 1_800_000;

/** Makes one attempt to deliver, and notes what became of it. */
@Injectable()
export class WebhookSender {
  private readonly attempts: Counter;

  constructor(
    private readonly store: DeliveryStore,
    private readonly webhooks: WebhooksService,
    private readonly secrets: WebhookSecrets,
    { registry }: Metrics,
  ) {
    this.attempts = new Counter({
      name: 'ez_webhook_attempts_total',
      help: 'Attempts to deliver an alert, by outcome',
      labelNames: ['outcome'],
      registers: [registry],
    });
  }

  async attempt(webhook: Webhook, delivery: DeliveryView): Promise<void> {
    const outcome = await this.send(webhook, delivery);
    this.attempts.inc({ outcome: isSuccess(outcome) ? 'delivered' : 'failed' });
    await this.store.settle(delivery.id, outcome, retryIn(delivery.attempts));
  }

  private async send({ url, secret }: Webhook, { event_id, event, payload }: DeliveryView): Promise<Outcome> {
    const body = JSON.stringify({ id: event_id, ...payload });
    try {
      const headers = {
        'Content-Type': 'application/json',
        'User-Agent': 'EZ-API',
        'EZ-Webhook-Id': event_id,
        'EZ-Webhook-Event': event,
        ...signature(body, this.secrets.open(secret)),
      };
      return { status: await postOutbound(url, { body, headers }, this.webhooks.rules) };
    } catch (error) {
      return { error: (error as Error).message };
    }
  }
}

/** HMAC-SHA256 over `{timestamp}.{body}`: a receiver refuses what is old, so that nothing that was overheard can be repeated. */
export function signature(body: string, secret: string, now = Date.now()): Record<string, string> {
  const timestamp = String(Math.floor(now / 1000));
  return {
    'EZ-Webhook-Timestamp': timestamp,
    'EZ-Webhook-Signature': `v1=${createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')}`,
  };
}

const isSuccess = (outcome: Outcome): boolean => 'status' in outcome && outcome.status >= 200 && outcome.status < 300;

/** Full jitter: those who failed together don't come back together. */
const retryIn = (attempts: number): number =>
  FIRST_RETRY_MS + Math.random() * Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** attempts);
