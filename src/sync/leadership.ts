import { Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { Config } from '../config/config.js';
import { parsePgDsn } from '../config/pg-dsn.js';
import { CONFIG_CHANNEL } from '../outbox/seal.js';
import { RECONCILED_CHANNEL } from './reconcile-reports.js';
import { REQUEST_CHANNEL } from './sync-requests.js';

const CHANNELS = [CONFIG_CHANNEL, REQUEST_CHANNEL, RECONCILED_CHANNEL];

/** Any number that every EZ-API release agrees on. */
const DISPATCH_LOCK = 7_361_406;
const TICK_MS = 1_000;
const GOODBYE_MS = 500;

/** A replica that is stopped or cut off has to lose its lock within the 5 s in which another takes over. */
const LEASE = `SET idle_session_timeout = '4s'; SET lock_timeout = '2s';
  SET tcp_keepalives_idle = 2; SET tcp_keepalives_interval = 1; SET tcp_keepalives_count = 2`;

export interface LeadershipListener {
  elected(): void;
  notified(channel: string, payload: string): void;
}

/**
 * One replica dispatches: the one whose session holds an advisory lock. PostgreSQL ends a session that is silent for some
 * seconds, so a leader that was stopped finds on waking that it is none. This saves work; that two who believe
 * to be leaders do no harm is the business of versions and fences.
 */
@Injectable()
export class Leadership implements OnApplicationBootstrap, BeforeApplicationShutdown {
  /** Number of this term; undefined while another replica leads. */
  fence: string | undefined;
  listener: LeadershipListener | undefined;
  private client: pg.Client | undefined;
  private isTicking = false;
  private turn = Promise.resolve();
  private readonly logger = new Logger(Leadership.name);

  constructor(
    private readonly config: Config,
    private readonly scheduler: SchedulerRegistry,
  ) {}

  onApplicationBootstrap(): void {
    if (!this.config.sync_outbox.enabled) return;
    this.scheduler.addInterval(
      'sync:leadership',
      setInterval(() => void this.tick(), TICK_MS),
    );
    void this.tick();
  }

  async beforeApplicationShutdown(): Promise<void> {
    if (this.scheduler.doesExist('interval', 'sync:leadership')) this.scheduler.deleteInterval('sync:leadership');
    await this.inTurn(() => this.resign());
  }

  /** A later term than `other`, if this replica still leads. */
  async renew(other: string): Promise<void> {
    await this.inTurn(async () => {
      if (this.client && this.fence !== undefined) await this.beginTerm(this.client, other);
    });
  }

  private async tick(): Promise<void> {
    if (this.isTicking) return;
    this.isTicking = true;
    await this.inTurn(async () => {
      const client = this.client ?? (await this.connect());
      if (this.fence === undefined) await this.campaign(client);
      else await client.query('SELECT 1');
    });
    this.isTicking = false;
  }

  /** A session runs one statement at a time. One that fails, or doesn't answer, is no proof of anything any more. */
  private inTurn(work: () => Promise<void>): Promise<void> {
    this.turn = this.turn.then(work).catch(async (error: unknown) => {
      this.logger.debug(`no leadership: ${(error as Error).message}`);
      await this.resign();
    });
    return this.turn;
  }

  private async connect(): Promise<pg.Client> {
    const client = new pg.Client({
      ...parsePgDsn(this.config.postgres.dsn),
      application_name: 'ez-api dispatcher',
      connectionTimeoutMillis: 2_000,
      query_timeout: 2_500,
      keepAlive: true,
    });
    this.client = client;
    client.on('error', () => this.lost(client));
    client.on('end', () => this.lost(client));
    client.on('notification', ({ channel, payload = '' }) => this.listener?.notified(channel, payload));
    await client.connect();
    await client.query(`${LEASE}; ${CHANNELS.map((channel) => `LISTEN ${channel}`).join('; ')}`);
    return client;
  }

  private async campaign(client: pg.Client): Promise<void> {
    const { rows } = await client.query<{ won: boolean }>('SELECT pg_try_advisory_lock($1) AS won', [DISPATCH_LOCK]);
    if (!rows[0]?.won) return;
    await this.beginTerm(client, '0');
    this.logger.log(`dispatching, term ${this.fence}`);
    this.listener?.elected();
  }

  /** On the connection that holds the lock, so that it fails if the lock is lost. */
  private async beginTerm(client: pg.Client, after: string): Promise<void> {
    const { rows } = await client.query<{ fence: string }>(
      'UPDATE sync_head SET fence = greatest(fence, $1) + 1 RETURNING fence::text',
      [after],
    );
    this.fence = rows[0]!.fence;
  }

  private async resign(): Promise<void> {
    const client = this.client;
    if (!client) return;
    this.lost(client);
    // A connection that went silent never says goodbye.
    await Promise.race([client.end().catch(() => undefined), sleep(GOODBYE_MS, undefined, { ref: false })]);
  }

  private lost(client: pg.Client): void {
    if (this.client !== client) return;
    if (this.fence !== undefined) this.logger.log('no longer dispatching');
    this.client = undefined;
    this.fence = undefined;
  }
}
