import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { invalidField, notFound } from '../../common/domain-error.js';
import { checkOutboundUrl, type OutboundRules } from '../../common/outbound-url.js';
import { Config } from '../../config/config.js';
import { Outbox } from '../../outbox/outbox.js';
import type { Tx } from '../../outbox/tx.js';
import { ALERT_EVENTS } from './alert-sources.service.js';
import { Webhook } from './webhook.entity.js';
import { WebhookSecrets } from './webhook-secrets.js';
import { toWebhookView, type PutWebhookDto } from './webhooks.dto.js';

const ID = 1;
const HINT_LENGTH = 4;

/** The receiver of alerts. There is one, or none. */
@Injectable()
export class WebhooksService {
  constructor(
    private readonly outbox: Outbox,
    @InjectRepository(Webhook) private readonly rows: Repository<Webhook>,
    private readonly secrets: WebhookSecrets,
    private readonly config: Config,
  ) {}

  get rules(): OutboundRules {
    const { allow_http: allowHttp, allow_cidrs: allowCidrs } = this.config.outbound;
    return { allowHttp, allowCidrs };
  }

  find(): Promise<Webhook | null> {
    return this.rows.findOneBy({ id: ID });
  }

  async get(): Promise<Webhook> {
    const row = await this.find();
    if (!row) throw notFound('webhook');
    return row;
  }

  put(dto: PutWebhookDto): Promise<Webhook> {
    const url = this.checkedUrl(dto.url);
    return this.outbox.write(async (tx) => {
      const before = await locked(tx);
      if (!before && !dto.secret) throw invalidField('/secret', 'secret is needed the first time');
      const after = await this.store(tx, { ...dto, url }, before);
      this.log(tx, before, after);
      return after;
    });
  }

  async remove(): Promise<void> {
    await this.outbox.write(async (tx) => {
      const before = await locked(tx);
      if (!before) throw notFound('webhook');
      await tx.manager.delete(Webhook, ID);
      this.log(tx, before, null);
    });
  }

  /** Moves the secret to the current encryption key; it stays the same secret, so this is no change. */
  async reseal({ secret }: Webhook): Promise<void> {
    if (!this.secrets.isOutdated(secret)) return;
    await this.rows.update({ id: ID, secret }, { secret: this.secrets.seal(this.secrets.open(secret)) });
  }

  private async store(tx: Tx, dto: PutWebhookDto, before: Webhook | null): Promise<Webhook> {
    const secret = dto.secret ? { secret: this.secrets.seal(dto.secret), hint: hintOf(dto.secret) } : {};
    const fields = {
      url: dto.url,
      status: dto.status ?? 'active',
      events: dto.events ?? [...ALERT_EVENTS],
      conditions: { ...dto.conditions },
      ...secret,
    };
    if (before) await tx.manager.update(Webhook, ID, fields);
    else await tx.manager.insert(Webhook, { id: ID, ...fields });
    const after = await tx.manager.findOneByOrFail(Webhook, { id: ID });
    tx.stamp('log_webhooks', [after]);
    return after;
  }

  private log(tx: Tx, before: Webhook | null, after: Webhook | null): void {
    const action = before && after ? 'update' : after ? 'create' : 'delete';
    tx.log({
      ...{ action, resource: 'log webhook', resource_id: ID },
      before: before && toWebhookView(before),
      after: after && toWebhookView(after),
    });
  }

  private checkedUrl(text: string): string {
    const checked = checkOutboundUrl(text, this.rules);
    if ('error' in checked) throw invalidField('/url', `url ${checked.error}`);
    return checked.url;
  }
}

const locked = (tx: Tx): Promise<Webhook | null> =>
  tx.manager.findOne(Webhook, { where: { id: ID }, lock: { mode: 'for_no_key_update' } });

const hintOf = (secret: string): string => `…${secret.slice(-HINT_LENGTH)}`;
