import { Check, Column, Entity } from 'typeorm';
import { Identity } from '../../database/identity.js';
import { ResourceRow } from '../../database/resource-row.js';
import type { AlertConditions, AlertEvent } from './alert-sources.service.js';

/** The one receiver of alerts. */
@Entity({ name: 'log_webhooks' })
@Check('ck_log_webhooks_singleton', 'id = 1')
@Check('ck_log_webhooks_status', `status IN ('active', 'disabled')`)
export class Webhook extends ResourceRow {
  @Identity('pk_log_webhooks')
  declare id: number;

  @Column({ type: 'text' })
  url!: string;

  /** Sealed; signs what is sent. */
  @Column({ type: 'text' })
  secret!: string;

  @Column({ type: 'text' })
  hint!: string;

  @Column({ type: 'text', default: 'active' })
  status!: 'active' | 'disabled';

  @Column({ type: 'text', array: true })
  events!: AlertEvent[];

  /** What differs from the defaults. */
  @Column({ type: 'jsonb', default: {} })
  conditions!: Partial<AlertConditions>;
}
