import { Injectable } from '@nestjs/common';
import { hostname } from 'node:os';
import { Config } from '../../config/config.js';
import { AlertSources, type Alert, type AlertConditions, type AlertSource } from '../webhooks/alert-sources.service.js';
import { LogWriter } from './log-writer.js';

/** Tells the webhook when the queue of records fills, of each server by itself. */
@Injectable()
export class QueueAlerts implements AlertSource {
  readonly events = ['log_queue_pressure'] as const;
  private readonly server = `${hostname()}:${process.pid}`;

  constructor(
    private readonly writer: LogWriter,
    private readonly config: Config,
    sources: AlertSources,
  ) {
    sources.register(this);
  }

  find(_event: string, { log_queue_pressure: { percent } }: AlertConditions): Promise<Alert[]> {
    const [records, capacity] = [this.writer.queue.size, this.config.log.queue_capacity];
    const isFull = records * 100 >= capacity * percent;
    const data = { server: this.server, records, capacity };
    return Promise.resolve(isFull ? [{ key: `log_queue_pressure:${this.server}`, lasting: true, data }] : []);
  }
}
