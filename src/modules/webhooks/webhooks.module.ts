import { Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AlertSources } from './alert-sources.service.js';
import { AlertWatch } from './alert-watch.js';
import { BannedProviders } from './banned-providers.js';
import { DeliveriesService } from './deliveries.service.js';
import { DeliveryStore } from './delivery-store.js';
import { WebhookSender } from './sender.js';
import { Webhook } from './webhook.entity.js';
import { WebhookSecrets } from './webhook-secrets.js';
import { WebhooksController } from './webhooks.controller.js';
import { WebhooksService } from './webhooks.service.js';

/** Global for its `AlertSources`: whoever knows of trouble registers there. */
@Global()
@Module({
  imports: [TypeOrmModule.forFeature([Webhook])],
  controllers: [WebhooksController],
  providers: [
    AlertSources,
    AlertWatch,
    BannedProviders,
    DeliveriesService,
    DeliveryStore,
    WebhookSecrets,
    WebhookSender,
    WebhooksService,
  ],
  exports: [AlertSources],
})
export class WebhooksModule {}
