import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { parsePgDsn } from '../../src/config/pg-dsn.js';
import { LAYOUT_LOCK } from '../../src/log-database/partitions.js';
import { LogBatch } from '../../src/modules/logs/log-batch.js';
import { LogMaintenance } from '../../src/modules/logs/log-maintenance.js';
import { Flush, LogStore } from '../../src/modules/logs/log-store.js';
import { RecordIntake } from '../../src/modules/logs/record-intake.js';
import { aRecord, balancer, records, storedCount } from '../support/access-logs.js';
import { startApp, type TestApp } from '../support/app.js';
import { until } from '../support/launcher.js';

const DAY = 86_400_000;

describe('records are written', () => {
  let app: TestApp;
  let other: pg.Client;

  beforeEach(async () => {
    app = await startApp();
    await app.nest.get(LogMaintenance).run();
    other = new pg.Client(parsePgDsn(app.dsn));
    await other.connect();
  });
  afterEach(async () => {
    await other.end();
    await app.close();
  });

  const durably = (body: unknown) => balancer(app).post('/logs?durable=true', body);

  it('but for one whose partition is about to leave, which is named and counted', async () => {
    const late = new Date(Date.now() - 3 * DAY).toISOString();
    await durably(aRecord({ at: late }));
    const day = `logs.records_${dateOf(Date.parse(late))}_${dateOf(Date.parse(late) + DAY)}`;
    await other.query(`BEGIN; SELECT FROM ${day}`);
    await beginToDetach(app.dsn, day);
    const { status, body } = await durably([aRecord(), aRecord({ at: late }), aRecord()]);
    expect([status, body.accepted, body.rejected.map(({ index }: { index: number }) => index)]).toEqual([200, 2, [1]]);
    const { body: metrics } = await balancer(app).get('/internal/metrics');
    expect(metrics).toContain('ez_log_dropped_records_total{reason="unstorable"} 1');
  }, 60_000);

  it('by a server that has just started, while another process changes the layout', async () => {
    await other.query('SELECT pg_advisory_lock($1)', [LAYOUT_LOCK]);
    const started = await startApp({ EZ_PG_DSN: app.dsn });
    expect((await balancer(started).post('/logs?durable=true', records(3))).status).toBe(200);
    await started.close();
  }, 60_000);

  it('once it is free, when another replica keeps their batch id for long; nobody is told that the database is down', async () => {
    await other.query(`BEGIN; INSERT INTO logs.batches (node, batch_id) VALUES ('n', 'held')`);
    const written = durably({ node: 'n', batch_id: 'held', records: records(2) });
    const tries = new Set<string>();
    await until(async () => {
      for (const { began } of await waiting(app)) tries.add(began);
      return tries.size > 1;
    });
    expect((await durably(records(3))).status).toBe(200);
    await other.query('ROLLBACK');
    expect([(await written).status, await storedCount(app)]).toEqual([200, 5]);
  }, 60_000);
});

/** As retention does it, and given up while it waits for a reader. */
async function beginToDetach(dsn: string, table: string): Promise<void> {
  const client = new pg.Client({ ...parsePgDsn(dsn), lock_timeout: 100 });
  await client.connect();
  await client.query(`ALTER TABLE logs.records DETACH PARTITION ${table} CONCURRENTLY`).catch(() => undefined);
  await client.end();
}

const dateOf = (at: number): string => new Date(at).toISOString().slice(0, 10).replaceAll('-', '');

/** Transactions of writers that wait for another one. */
const waiting = ({ db }: TestApp): Promise<{ began: string }[]> =>
  db.query(
    `SELECT xact_start::text AS began FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%logs.batches%'`,
  );

describe('a transaction that is tried again', () => {
  let app: TestApp;

  beforeEach(async () => {
    app = await startApp();
  });
  afterEach(() => app.close());

  const judged = () => app.nest.get(RecordIntake).judge(records(2), undefined).records;

  it('is recognised when it was committed without an answer', async () => {
    const flush = new Flush([new LogBatch(judged())]);
    const store = app.nest.get(LogStore);
    await store.write(flush);
    await store.write(flush);
    expect(await storedCount(app)).toBe(2);
  });

  it('forgets what a batch was taken for when it was rolled back', async () => {
    const batch = new LogBatch(judged(), { node: 'n', id: 'again', digest: '' });
    batch.isDuplicate = true;
    await app.nest.get(LogStore).write(new Flush([batch]));
    expect([batch.isDuplicate, await storedCount(app)]).toEqual([false, 2]);
  });
});
