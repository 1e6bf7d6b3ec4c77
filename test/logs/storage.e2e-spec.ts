import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { parsePgDsn } from '../../src/config/pg-dsn.js';
import { repartition } from '../../src/log-database/repartition.js';
import { LogMaintenance } from '../../src/modules/logs/log-maintenance.js';
import { aRecord, balancer, records, storedCount } from '../support/access-logs.js';
import { startApp, type TestApp } from '../support/app.js';
import { until } from '../support/launcher.js';

const DAY = 86_400_000;

const daysAgo = (days: number): string => new Date(Date.now() - days * DAY).toISOString();

const partitions = async ({ db }: TestApp): Promise<string[]> => {
  const rows = await db.query<{ name: string }[]>(
    `SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'logs.records'::regclass ORDER BY 1`,
  );
  return rows.map(({ name }) => name);
};

const maintain = ({ nest }: TestApp): Promise<void> => nest.get(LogMaintenance).run();

const send = async (app: TestApp, batch: object[]): Promise<void> => {
  const { status, body } = await balancer(app).post('/logs?durable=true', batch);
  expect([status, body.rejected]).toEqual([200, []]);
};

describe.each(['day', 'month', 'off'])('with EZ_LOG_PARTITIONING=%s', (partitioning) => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp({ EZ_LOG_PARTITIONING: partitioning, EZ_LOG_RETENTION_DAYS: '40' });
    await maintain(app);
  });
  afterEach(async () => {
    await app.db.query('TRUNCATE logs.records');
  });
  afterAll(() => app.close());

  it('partitions are there before they are needed', async () => {
    const names = await partitions(app);
    expect(names.length).toBe(partitioning === 'off' ? 1 : 8);
    await maintain(app);
    expect(await partitions(app)).toEqual(names);
  });

  it('late and early records find a place, and a list shows them in order', async () => {
    const instants = [daysAgo(-0.02), daysAgo(0), daysAgo(5), daysAgo(33), daysAgo(39.9)];
    await send(
      app,
      instants.toReversed().map((at) => aRecord({ at })),
    );
    const { body } = await app.admin.get('/admin/logs');
    expect(body.data.map(({ at }: { at: string }) => at)).toEqual(instants);
  });

  it('retention takes what is too old, and nothing else', async () => {
    await send(app, [aRecord({ at: daysAgo(1) }), aRecord({ at: daysAgo(38) })]);
    const old = Array.from({ length: 6 }, (_, i) => 80 + i * 40);
    for (const days of old) {
      const at = new Date(Date.parse(daysAgo(days))).toISOString();
      await app.db.query(placeFor(at, partitioning));
      await app.db.query(`INSERT INTO logs.records (at, request_id, status_code) VALUES ($1, 'old', 200)`, [at]);
    }
    await maintain(app);
    const { body } = await app.admin.get('/admin/logs?request_id=old');
    expect(body.data).toEqual([]);
    expect(await storedCount(app)).toBe(2);
  });
});

/** A partition of a time that the server makes none for, any more. */
function placeFor(at: string, partitioning: string): string {
  if (partitioning === 'off') return 'SELECT';
  const from = at.slice(0, 10);
  const to = new Date(Date.parse(from) + DAY).toISOString().slice(0, 10);
  const name = `logs.records_${from.replaceAll('-', '')}_${to.replaceAll('-', '')}`;
  return `CREATE TABLE ${name} PARTITION OF logs.records FOR VALUES FROM ('${from}Z') TO ('${to}Z')`;
}

describe('the log tables', () => {
  let app: TestApp;

  afterEach(() => app.close());

  it('keep EZ_LOG_MAX_RECORDS, by dropping their oldest partitions', async () => {
    app = await startApp({ EZ_LOG_MAX_RECORDS: '250' });
    for (const days of [0, 1, 2, 3]) await send(app, records(100, { at: daysAgo(days) }));
    await app.db.query('ANALYZE logs.records');
    await maintain(app);
    expect(await storedCount(app)).toBe(200);
    const { body } = await app.admin.get('/admin/logs?limit=200');
    expect(Math.min(...body.data.map(({ at }: { at: string }) => Date.parse(at)))).toBeGreaterThan(
      Date.parse(daysAgo(1.5)),
    );
  });

  it('get days instead of one partition by a command, while records are written', async () => {
    app = await startApp({ EZ_LOG_PARTITIONING: 'off' });
    await maintain(app);
    await send(app, records(100, { at: daysAgo(3) }));
    const done = new AbortController();
    let written = 100;
    const writer = (async () => {
      while (!done.signal.aborted) {
        await send(app, records(10));
        written += 10;
      }
    })();
    const client = new pg.Client(parsePgDsn(app.dsn));
    await client.connect();
    const said = await repartition(client, 'day');
    const again = await repartition(client, 'day');
    await client.end();
    await until(() => written > 200);
    done.abort();
    await writer;
    expect(said[0]).toMatch(/^records_min_max became records_min_\d{8}, which ends at /);
    expect(again[0]).toMatch(/^nothing to do/);
    expect(await storedCount(app)).toBe(written);
    expect(await partitions(app)).toEqual([expect.stringMatching(/^logs\.records_min_\d{8}$/)]);

    const other = await startApp({ EZ_PG_DSN: app.dsn, EZ_LOG_PARTITIONING: 'day' });
    await maintain(other);
    expect((await partitions(app)).length).toBeGreaterThan(5);
    await other.close();
  });

  it('are swept of old batch ids', async () => {
    app = await startApp();
    await app.db.query(
      `INSERT INTO logs.batches (node, batch_id, at) VALUES ('n', 'old', now() - interval '2 days'), ('n', 'new', now())`,
    );
    await maintain(app);
    const rows = await app.db.query(`SELECT batch_id FROM logs.batches WHERE node = 'n'`);
    expect(rows).toEqual([{ batch_id: 'new' }]);
  });
});
