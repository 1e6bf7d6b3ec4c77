import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { notFound } from '../../common/domain-error.js';
import type { Page } from '../../common/page.js';
import type { Alert, AlertEvent } from './alert-sources.service.js';
import type { DeliveryView, ListDeliveriesDto } from './deliveries.dto.js';

/** Longer than an attempt may take: after this, one that crashed in the middle is made again. */
const LEASE = '30 seconds';
/** A lasting alert that nobody has reported for so long is over. */
const SILENCE = '60 seconds';
/** Longer than any quota period, so that what has happened once is told once. */
const REMEMBERED = '40 days';
const KEPT = '30 days';

const COLUMNS = `id::float8 AS id, event_id, event, payload, status, attempts, created_at, last_attempt_at, last_status,
  last_error, delivered_at, CASE WHEN status = 'pending' THEN next_attempt_at END AS next_attempt_at`;

export type Outcome = { status: number } | { error: string };

/** What is to be delivered, and what became of it. Each statement is whole by itself, whichever replica runs it. */
@Injectable()
export class DeliveryStore {
  constructor(private readonly database: DataSource) {}

  /** Of alerts that are new becomes a delivery each, in the same statement; the others are only seen again. */
  async raise(event: AlertEvent, alerts: readonly Alert[]): Promise<void> {
    if (alerts.length === 0) return;
    await this.database.query(
      `WITH raised AS (
         INSERT INTO webhook_alerts (key, event, lasting, data)
         SELECT a.key, $1, a.lasting, a.data
           FROM jsonb_to_recordset($2::jsonb) AS a (key text, lasting boolean, data jsonb)
             ON CONFLICT (key) DO UPDATE SET seen_at = now(), data = EXCLUDED.data
         RETURNING event, data, since
       )
       INSERT INTO webhook_deliveries (event, payload)
       SELECT event, jsonb_build_object('event', event, 'state', 'firing', 'at', since, 'data', data)
         FROM raised WHERE since = now()`,
      [event, JSON.stringify(alerts)],
    );
  }

  /** But for events of which nobody could say here whether they are over. */
  async resolveSilent(unknown: readonly AlertEvent[]): Promise<void> {
    await this.database.query(
      `WITH over AS (
         DELETE FROM webhook_alerts WHERE lasting AND seen_at < now() - interval '${SILENCE}' AND event <> ALL ($1)
         RETURNING *
       )
       INSERT INTO webhook_deliveries (event, payload)
       SELECT event, jsonb_build_object('event', event, 'state', 'resolved', 'at', now(), 'since', since, 'data', data)
         FROM over`,
      [unknown],
    );
  }

  /** Whoever tests wants to know now: there is no second attempt. */
  async addTest(): Promise<number> {
    const [row] = await this.database.query<{ id: number }[]>(
      `INSERT INTO webhook_deliveries (event, payload, next_attempt_at, give_up_at)
       VALUES ('test', jsonb_build_object('event', 'test', 'state', 'firing', 'at', now(), 'data', '{}'::jsonb),
               now() + interval '${LEASE}', now())
       RETURNING id::float8 AS id`,
    );
    return row!.id;
  }

  /** Takes deliveries that are due, if there is who receives them; nobody else gets them for as long as an attempt may take. */
  async claim(limit: number): Promise<DeliveryView[]> {
    const [rows] = await this.database.query<[DeliveryView[], number]>(
      `UPDATE webhook_deliveries SET attempts = attempts + 1, last_attempt_at = now(),
              next_attempt_at = now() + interval '${LEASE}'
        WHERE id IN (SELECT id FROM webhook_deliveries
                      WHERE status = 'pending' AND next_attempt_at <= now() AND give_up_at > now()
                        AND EXISTS (SELECT FROM log_webhooks WHERE status = 'active')
                      ORDER BY next_attempt_at LIMIT $1 FOR UPDATE SKIP LOCKED)
       RETURNING ${COLUMNS}`,
      [limit],
    );
    return rows;
  }

  async claimOne(id: number): Promise<DeliveryView> {
    const [rows] = await this.database.query<[DeliveryView[], number]>(
      `UPDATE webhook_deliveries SET attempts = attempts + 1, last_attempt_at = now(),
              next_attempt_at = now() + interval '${LEASE}' WHERE id = $1 RETURNING ${COLUMNS}`,
      [id],
    );
    return rows[0]!;
  }

  async settle(id: number, outcome: Outcome, retryInMs: number): Promise<void> {
    const status = 'status' in outcome ? outcome.status : null;
    const error = 'error' in outcome ? outcome.error : status! >= 200 && status! < 300 ? null : `Answered ${status}`;
    const next = `now() + $4 * interval '1 millisecond'`;
    await this.database.query(
      `UPDATE webhook_deliveries
          SET last_status = $2, last_error = $3, next_attempt_at = ${next},
              delivered_at = CASE WHEN $3::text IS NULL THEN now() END,
              status = CASE WHEN $3::text IS NULL THEN 'delivered' WHEN ${next} > give_up_at THEN 'dead' ELSE 'pending' END
        WHERE id = $1 AND status = 'pending'`,
      [id, status, error, retryInMs],
    );
  }

  async replay(id: number): Promise<DeliveryView> {
    const [rows] = await this.database.query<[DeliveryView[], number]>(
      `UPDATE webhook_deliveries SET status = 'pending', attempts = 0, next_attempt_at = now(), delivered_at = NULL,
              give_up_at = now() + interval '24 hours' WHERE id = $1 RETURNING ${COLUMNS}`,
      [id],
    );
    if (!rows[0]) throw notFound('delivery');
    return rows[0];
  }

  async get(id: number): Promise<DeliveryView> {
    const [row] = await this.database.query<DeliveryView[]>(`SELECT ${COLUMNS} FROM webhook_deliveries WHERE id = $1`, [
      id,
    ]);
    if (!row) throw notFound('delivery');
    return row;
  }

  async list({ status, event, page = 1, page_size = 20 }: ListDeliveriesDto): Promise<Page<DeliveryView>> {
    const matching = `FROM webhook_deliveries WHERE ($1::text IS NULL OR status = $1) AND ($2::text IS NULL OR event = $2)`;
    const filter = [status ?? null, event ?? null];
    const [count] = await this.database.query<{ total: number }[]>(`SELECT count(*)::int AS total ${matching}`, filter);
    const data = await this.database.query<DeliveryView[]>(
      `SELECT ${COLUMNS} ${matching} ORDER BY id DESC LIMIT $3 OFFSET $4`,
      [...filter, page_size, (page - 1) * page_size],
    );
    return { data, total: count!.total, page, page_size };
  }

  /** How many wait, and how many were given up. */
  async counts(): Promise<{ pending: number; dead: number }> {
    const [row] = await this.database.query<{ pending: number; dead: number }[]>(
      `SELECT count(*) FILTER (WHERE status = 'pending')::int AS pending, count(*) FILTER (WHERE status = 'dead')::int AS dead
         FROM webhook_deliveries WHERE status IN ('pending', 'dead')`,
    );
    return row!;
  }

  /** Gives up what is too old, also while there is no receiver, and forgets what nobody will ask for. */
  async sweep(): Promise<void> {
    await this.database.query(
      `UPDATE webhook_deliveries SET status = 'dead' WHERE status = 'pending' AND give_up_at < now()`,
    );
    await this.database.query(`DELETE FROM webhook_deliveries WHERE created_at < now() - interval '${KEPT}'`);
    await this.database.query(
      `DELETE FROM webhook_alerts WHERE NOT lasting AND seen_at < now() - interval '${REMEMBERED}'`,
    );
  }
}
