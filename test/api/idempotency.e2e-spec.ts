import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { IdempotencySweeper } from '../../src/http/idempotency.sweeper.js';
import { aRecord, balancer, storedCount } from '../support/access-logs.js';
import { startApp, type TestApp } from '../support/app.js';

describe('a POST with an Idempotency-Key', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.close());

  const key = () => ({ 'idempotency-key': randomUUID() });
  const total = async (path: string): Promise<number> => (await app.admin.get(path)).body.total;

  it('happens once, and is answered the same again, secret and receipt included', async () => {
    const headers = key();
    const body = { name: `m-${randomUUID()}` };
    const first = await app.admin.post('/admin/masters', body, headers);
    const again = await app.admin.post('/admin/masters', body, headers);
    expect(first.status).toBe(201);
    expect(first.body.master_key).toMatch(/^ezm_/);
    expect([again.status, again.body]).toEqual([201, first.body]);
    expect(again.headers.get('ez-config-version')).toBe(first.headers.get('ez-config-version'));
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(await total(`/admin/masters?search=${body.name}`)).toBe(1);
  });

  it('keeps the answer encrypted', async () => {
    const { body } = await app.admin.post('/admin/masters', { name: `m-${randomUUID()}` }, key());
    const rows = await app.db.query<{ answer: string }[]>('SELECT answer FROM idempotency_keys');
    expect(rows.length).toBeGreaterThan(0);
    expect(JSON.stringify(rows)).not.toContain(body.master_key);
  });

  it('is a 422 when the body is another one, and changes nothing', async () => {
    const headers = key();
    await app.admin.post('/admin/namespaces', { name: 'idem-a' }, headers);
    const other = await app.admin.post('/admin/namespaces', { name: 'idem-b' }, headers);
    expect([other.status, other.body.code]).toEqual([422, 'idempotency_key_reused']);
    expect(await total('/admin/namespaces?search=idem-b')).toBe(0);
  });

  it('is a 422 when the query is another one', async () => {
    const headers = key();
    const body = { name: `q-${randomUUID().slice(0, 8)}` };
    expect((await app.admin.post('/admin/namespaces?wait=applied', body, headers)).status).toBe(201);
    const other = await app.admin.post('/admin/namespaces?wait=dp', body, headers);
    expect([other.status, other.body.code]).toEqual([422, 'idempotency_key_reused']);
  });

  it('is answered again with the status that it had', async () => {
    const headers = key();
    await app.sync();
    const first = await app.admin.post('/admin/sync/reconcile?wait_ms=30000', undefined, headers);
    const again = await app.admin.post('/admin/sync/reconcile?wait_ms=30000', undefined, headers);
    expect([first.status, again.status, again.body]).toEqual([200, 200, first.body]);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
  });

  it('does not keep records of requests out, which batch ids recognise', async () => {
    const headers = key();
    for (const path of ['/logs', '/internal/logs']) {
      const answers = [1, 2].map(() => balancer(app).post(`${path}?durable=true`, aRecord(), headers));
      expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200]);
    }
    expect(await storedCount(app)).toBe(4);
  });

  it('happens once when it comes twenty times at once; who comes too early gets 409', async () => {
    const headers = key();
    const name = `race-${randomUUID().slice(0, 8)}`;
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => app.admin.post('/admin/namespaces', { name }, headers)),
    );
    const statuses = answers.map(({ status }) => status);
    expect(statuses.every((status) => status === 201 || status === 409)).toBe(true);
    expect(new Set(answers.filter(({ status }) => status === 201).map(({ body }) => body.id)).size).toBe(1);
    for (const { body } of answers.filter(({ status }) => status === 409))
      expect(body.code).toBe('idempotency_key_in_flight');
    expect(await total(`/admin/namespaces?search=${name}`)).toBe(1);
  });

  it('may be tried again after it failed', async () => {
    const headers = key();
    const body = { name: `late-${randomUUID().slice(0, 8)}`, namespaces: ['not-yet'] };
    expect((await app.admin.post('/admin/masters', body, headers)).status).toBe(422);
    await app.admin.post('/admin/namespaces', { name: 'not-yet' });
    expect((await app.admin.post('/admin/masters', body, headers)).status).toBe(201);
  });

  it('belongs to its caller: the same key of another is another', async () => {
    const headers = key();
    const masters = await Promise.all(
      [1, 2].map(
        async () => (await app.admin.post('/admin/masters', { name: `m-${randomUUID()}` })).body.master_key as string,
      ),
    );
    const [one, two] = await Promise.all(
      masters.map((token) => app.anyone.as(token).post('/v1/tokens', { name: 'k' }, headers)),
    );
    expect([one!.status, two!.status]).toEqual([201, 201]);
    expect(one!.body.token).not.toBe(two!.body.token);
  });

  it('holds no transaction open, whatever the answer was', async () => {
    const open = await app.db.query(
      `SELECT query FROM pg_stat_activity
        WHERE datname = current_database() AND state LIKE 'idle in transaction%' AND state_change < now() - interval '1 second'`,
    );
    expect(open).toEqual([]);
  });

  it('is kept for a day and then forgotten, however many there are', async () => {
    const kept = key();
    await app.admin.post('/admin/namespaces', { name: `kept-${randomUUID().slice(0, 8)}` }, kept);
    await app.db.query(
      `INSERT INTO idempotency_keys (principal, key, fingerprint, answer, created_at)
       SELECT 'admin:admin', 'old-' || n, '', '', now() - interval '25 hours' FROM generate_series(1, 2500) n`,
    );
    await app.nest.get(IdempotencySweeper).sweep();
    const rows = await app.db.query<{ key: string }[]>('SELECT key FROM idempotency_keys');
    expect(rows.map((row) => row.key).filter((name) => name.startsWith('old-'))).toEqual([]);
    expect(rows).toContainEqual({ key: kept['idempotency-key'] });
  });

  it.each(['', 'x'.repeat(256), 'with blank'])('is a 400 when the key is %j', async (value) => {
    const answer = await app.admin.post('/admin/namespaces', { name: 'idem-c' }, { 'idempotency-key': value });
    expect(answer.status).toBe(400);
  });
});
