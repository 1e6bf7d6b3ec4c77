import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SchedulerRegistry } from '@nestjs/schedule';
import { startApp, type TestApp } from '../support/app.js';
import { created, unused } from '../support/gateway.js';
import type { Json } from '../support/http.js';
import { until } from '../support/launcher.js';
import { startReplicas } from '../support/replicas.js';

const NEVER_POLLS = { EZ_SYNC_OUTBOX_INTERVAL_SECONDS: '3600' };

const statusOf = async ({ admin }: TestApp): Promise<Json> => (await admin.get('/admin/sync/status')).body;

const openIn = ({ db }: TestApp): Promise<{ kind: string; id: string }[]> =>
  db.query('SELECT kind, id FROM sync_requests ORDER BY asked_at');

describe('what is asked while nobody dispatches', () => {
  let app: TestApp;
  let leader: TestApp | undefined;

  beforeAll(async () => {
    app = await startApp({ EZ_SYNC_OUTBOX_ENABLED: 'false' });
    const first = await startDispatching();
    await created(app, '/admin/features', { name: unused('feature'), value: true });
    await app.sync();
    await first.close();
  });
  afterAll(async () => {
    await leader?.close();
    await app.close();
  });

  const startDispatching = (): Promise<TestApp> =>
    startApp({ ...NEVER_POLLS, EZ_REDIS_DB: String(app.redis.options.db) }, () => app.dsn);

  it('with one Idempotency-Key is one request, however many come at once', async () => {
    for (const path of ['/admin/sync/snapshot?wait=applied&timeout_ms=1', '/admin/sync/reconcile?wait_ms=1']) {
      const ask = () => app.admin.post(path, undefined, { 'Idempotency-Key': path });
      const statuses = (await Promise.all(Array.from({ length: 20 }, ask))).map(({ status }) => status);
      expect(statuses).toContain(202);
      expect(statuses.filter((status) => status !== 202 && status !== 409)).toEqual([]);
    }
    expect((await openIn(app)).map(({ kind }) => kind)).toEqual(['snapshot', 'reconcile']);
  });

  it('is kept, of many requests the newest', async () => {
    for (let i = 0; i < 110; i++) await app.admin.post('/admin/sync/snapshot');
    await app.admin.post('/admin/sync/reconcile?wait_ms=1');
    const open = await openIn(app);
    expect(open.filter(({ kind }) => kind === 'snapshot').length).toBe(100);
    expect(open.at(-1)!.kind).toBe('reconcile');
  });

  it('is done as soon as somebody does; who retries gets “pending” until then, and then the last answer', async () => {
    const once = { 'Idempotency-Key': unused('once') };
    const ask = () => app.admin.post('/admin/sync/snapshot?wait=applied&timeout_ms=30000', undefined, once);
    const asking = ask();
    await until(
      async () => (await app.db.query('SELECT FROM idempotency_keys WHERE key = $1', Object.values(once))).length > 0,
    );
    const { body } = await ask();
    expect(body.state).toBe('pending');
    await app.redis.hset('meta:features', 'planted', 'true');
    leader = await startDispatching();
    await until(async () => (await openIn(app)).length === 0);
    expect(await app.redis.hexists('meta:features', 'planted')).toBe(0);
    expect((await app.redis.hget('config:meta', 'snapshot'))!.split(',')).toContain(body.id);
    const { last_snapshot, reconciler } = await statusOf(leader);
    expect(last_snapshot).toMatchObject({ reason: 'requested', error: null });
    expect(reconciler.last_run).toMatchObject({ error: null });
    const last = await asking;
    expect(last.body).toEqual({ id: body.id, state: 'applied' });
    expect((await ask()).body).toEqual(last.body);
  });
});

describe('a replica that takes over', () => {
  let first: TestApp;
  let second: TestApp;

  beforeAll(async () => {
    [first, second] = await startReplicas();
  });
  afterAll(async () => {
    await second.close();
    await first.close();
  });

  it('repeats nothing that was answered before, though it has heard of it', async () => {
    expect((await first.admin.post('/admin/sync/snapshot?wait=applied&timeout_ms=30000')).body.state).toBe('applied');
    const { body } = await second.admin.post('/admin/sync/reconcile?wait_ms=30000');
    await first.redis.flushdb();
    await until(async () => (await first.redis.hget('config:meta', 'snapshot')) === '');
    await first.nest.close();
    await until(async () => (await statusOf(second)).dispatcher.leader);
    const answer = await second.admin.post('/admin/namespaces?wait=applied&timeout_ms=30000', { name: unused('ns') });
    expect(answer.headers.get('ez-propagation')).toBe('applied');
    const { last_snapshot, reconciler } = await statusOf(second);
    expect([last_snapshot, reconciler.last_run]).toEqual([null, body.run]);
  });
});

describe('a request that comes while a full snapshot is made', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp(NEVER_POLLS);
    await app.sync();
  });
  afterAll(() => app.close());

  it('is answered by the next one, without anything else that wakes the dispatcher', async () => {
    const ask = () => app.admin.post('/admin/sync/snapshot?wait=applied&timeout_ms=30000');
    for (let round = 0; round < 5; round++) {
      const answers = await Promise.all(Array.from({ length: 10 }, ask));
      expect(answers.map(({ body }) => body.state)).toEqual(answers.map(() => 'applied'));
    }
    await until(async () => (await openIn(app)).length === 0);
  });
});

describe('a confirmation that commits late', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp(NEVER_POLLS);
    await app.sync();
    // Nothing but the confirmation may begin a run.
    app.nest.get(SchedulerRegistry).deleteInterval('sync:reconcile');
  });
  afterAll(() => app.close());

  it('is heard of when it is there to be seen', async () => {
    for (let i = 0; i < 150; i++) await created(app, '/admin/features', { name: unused('feature'), value: i });
    await app.sync();
    await app.db.query('DELETE FROM features');
    await app.admin.post('/admin/sync/reconcile');
    const [hold] = (await statusOf(app)).holds;
    const blocker = app.db.createQueryRunner();
    await blocker.startTransaction();
    await blocker.query('LOCK TABLE idempotency_keys IN SHARE MODE');
    const confirming = app.admin.post('/admin/sync/confirm', { id: hold.id }, { 'Idempotency-Key': 'once' });
    await until(async () => (await waitingFor('idempotency_keys')) > 0);
    expect((await app.admin.post('/admin/sync/reconcile')).body.run.error).toMatch(/too much/);
    await blocker.commitTransaction();
    await blocker.release();
    expect((await confirming).status).toBe(202);
    await until(async () => (await app.redis.hlen('meta:features')) === 0);
  });

  async function waitingFor(table: string): Promise<number> {
    const rows = await app.db.query<unknown[]>(`SELECT FROM pg_locks WHERE NOT granted AND relation = $1::regclass`, [
      table,
    ]);
    return rows.length;
  }
});
