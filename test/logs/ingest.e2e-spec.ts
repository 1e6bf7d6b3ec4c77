import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { aRecord, balancer, records, storedCount, untilStored } from '../support/access-logs.js';
import { INTERNAL_TOKEN, startApp, type TestApp } from '../support/app.js';
import { until } from '../support/launcher.js';

describe('POST /internal/logs', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
  });
  afterEach(async () => {
    await app.db.query('TRUNCATE logs.records');
  });
  afterAll(() => app.close());

  const post = (body: unknown, query = '') => balancer(app).post(`/internal/logs${query}`, body);
  const durably = (body: unknown) => post(body, '?durable=true');

  const raw = (body: string | Uint8Array, headers: Record<string, string>, query = '?durable=true') =>
    fetch(`${app.url}/internal/logs${query}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${INTERNAL_TOKEN}`, ...headers },
      body,
    });

  const listed = async (query = ''): Promise<Record<string, unknown>[]> =>
    (await app.admin.get(`/admin/logs${query}`)).body.data;

  it('takes one record, and all of it can be read', async () => {
    const record = aRecord({
      at: new Date(Date.now() - 1000).toISOString(),
      ...{ master_id: 1, key_id: 2, provider_id: 3, group_id: 4, namespace: 'default', model: 'gpt-4o' },
      ...{ upstream_model: 'gpt-4o-mini', status_code: 502, error_code: 'upstream', error_message: 'a\tb\\c\n"ü🎈"' },
      ...{ latency_ms: 12, ttft_ms: 3, input_tokens: 5, output_tokens: 6, cached_tokens: 7, cost_usd: 0.000000123 },
      ...{
        stream: true,
        client_ip: '192.0.2.1',
        user_agent: 'curl',
        node: 'n1',
        region: 'eu',
        nested: { a: [1, '\t'] },
      },
    });
    expect(await durably(record)).toMatchObject({
      status: 200,
      body: { accepted: 1, rejected: [], duplicate: false },
    });
    const { region, nested, ...known } = record;
    expect(await listed()).toEqual([{ ...known, id: expect.any(Number), extra: { region, nested } }]);
  });

  it('answers 202 for what is in memory, and writes it within moments', async () => {
    expect(await post(records(3))).toMatchObject({ status: 202, body: { accepted: 3, rejected: [] } });
    await untilStored(app, 3);
  });

  it('takes a list, an envelope, lines, and each of them compressed', async () => {
    const json = { 'content-type': 'application/json' };
    const lines = { 'content-type': 'application/x-ndjson; charset=utf-8' };
    const ndjson = `${JSON.stringify(aRecord())}\r\n\n${JSON.stringify(aRecord())}`;
    const answers = await Promise.all([
      raw(JSON.stringify(records(2)), json),
      raw(JSON.stringify({ batch_id: 'b', node: 'n', records: records(2) }), json),
      raw(ndjson, lines),
      raw(gzipSync(JSON.stringify(records(2))), { ...json, 'content-encoding': 'gzip' }),
      raw(gzipSync(ndjson.replaceAll('request-', 'other-')), { ...lines, 'content-encoding': 'gzip' }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect(await storedCount(app)).toBe(10);
  });

  it('has the early name POST /logs', async () => {
    expect((await balancer(app).post('/logs/?durable=true', aRecord())).body.accepted).toBe(1);
    expect((await balancer(app).post('/LOGS?durable=true', aRecord())).body.accepted).toBe(1);
  });

  it('reports wrong records by their index, and takes the others', async () => {
    const { status, body } = await durably([aRecord(), aRecord({ status_code: '200', latency_ms: -1 }), 7, aRecord()]);
    expect([status, body.accepted]).toEqual([200, 2]);
    expect(body.rejected).toEqual([
      {
        index: 1,
        errors: [
          { pointer: '/status_code', message: 'status_code must be a whole number from 100 to 599' },
          { pointer: '/latency_ms', message: expect.stringContaining('must be a number from 0') },
        ],
      },
      { index: 2, errors: [{ pointer: '', message: 'the record must be a JSON object' }] },
    ]);
    expect(await storedCount(app)).toBe(2);
  });

  it('answers 400 if no record is right, with a pointer to each fault', async () => {
    const { status, body } = await durably([aRecord({ request_id: '' }), aRecord({ at: 'yesterday' })]);
    expect(status).toBe(400);
    expect(body.errors.map(({ pointer }: { pointer: string }) => pointer)).toEqual(['/0/request_id', '/1/at']);
  });

  it('reports a line that is no JSON like any other wrong record', async () => {
    const answer = await raw(`{"a":\n${JSON.stringify(aRecord())}\n`, { 'content-type': 'application/x-ndjson' });
    expect(await answer.json()).toMatchObject({ accepted: 1, rejected: [{ index: 0 }] });
  });

  it.each([
    ['malformed JSON', '{', 400],
    ['a text', '"record"', 400],
    ['no record', '[]', 400],
    ['records that are no list', '{"records":{}}', 400],
    ['an unknown field beside the records', `{"records":[${JSON.stringify(aRecord())}],"durable":true}`, 400],
    ['a batch id with blanks', `{"records":[${JSON.stringify(aRecord())}],"batch_id":"a b"}`, 400],
    ['too many records', JSON.stringify(records(1001)), 400],
    ['too many bytes', JSON.stringify(records(1, { user_agent: 'x'.repeat(1_100_000) })), 413],
  ])('answers %s by a 4xx, and nothing is stored', async (_what, body, status) => {
    expect((await raw(body, { 'content-type': 'application/json' })).status).toBe(status);
    expect(await storedCount(app)).toBe(0);
  });

  it('refuses a bomb, before and after it is inflated', async () => {
    const bomb = gzipSync(Buffer.alloc(20_000_000, ' '));
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
    expect((await raw(bomb, headers)).status).toBe(413);
    expect((await raw('not gzip', headers)).status).toBe(400);
    expect((await raw('[]', { 'content-type': 'text/csv' })).status).toBe(415);
  });

  it('takes a batch while many others have sent but half of theirs', async () => {
    const sockets = await Promise.all(Array.from({ length: 80 }, () => halfSent(app.url)));
    expect((await durably(aRecord())).status).toBe(200);
    for (const socket of sockets) socket.destroy();
  });

  it('does not read the body of somebody who may not send it', async () => {
    const { status } = await app.anyone.as('wrong').post('/internal/logs', '{');
    expect(status).toBe(401);
  });

  it('stores a batch once, however often it comes', async () => {
    const batch = { node: 'n1', batch_id: 'same', records: records(5) };
    const answers = await Promise.all(Array.from({ length: 5 }, () => durably(batch)));
    expect(answers.reduce((sum, { body }) => sum + (body.accepted as number), 0)).toBe(5);
    expect(answers.filter(({ body }) => !body.duplicate)).toHaveLength(1);
    expect((await durably({ ...batch, node: 'n2' })).body.duplicate).toBe(false);
    expect(await storedCount(app)).toBe(10);
  });

  it('takes a batch id only with the node that it is of', async () => {
    const { status, body } = await post(records(1), '?batch_id=1');
    expect([status, body.errors[0].pointer]).toEqual([400, '/node']);
  });

  it('answers 409 for other records under a batch id that was used, and stores none of them', async () => {
    const batch = { node: 'n1', batch_id: 'reused', records: records(2) };
    await durably(batch);
    const { status, body } = await durably({ ...batch, records: records(3) });
    expect([status, body.code]).toEqual([409, 'batch_id_reused']);
    expect((await durably(batch)).body).toMatchObject({ accepted: 0, duplicate: true });
    expect((await post({ ...batch, records: records(4) })).status).toBe(202);
    await until(async () => {
      const metrics = (await balancer(app).get('/internal/metrics')).body as string;
      return metrics.includes('ez_log_dropped_records_total{reason="batch_id_reused"} 4');
    });
    expect(await storedCount(app)).toBe(2);
  });

  it('takes node and batch id in the query as well, for lists and lines', async () => {
    const batch = records(2);
    const again = () => post(batch, '?durable=true&node=q&batch_id=1');
    expect([(await again()).body.duplicate, (await again()).body.duplicate]).toEqual([false, true]);
    expect((await listed()).map(({ node }) => node)).toEqual(['q', 'q']);
  });

  it('takes an instant in unix seconds, and now where there is none', async () => {
    const seconds = Math.floor(Date.now() / 1000) - 60;
    await durably([aRecord({ at: seconds + 0.25 }), aRecord({ at: undefined })]);
    const [now, before] = await listed();
    expect(before!.at).toBe(new Date(seconds * 1000 + 250).toISOString());
    expect(Date.parse(now!.at as string)).toBeGreaterThan(seconds * 1000);
  });

  it('finds a place for late and early records, and refuses what is older than the retention', async () => {
    const day = 86_400_000;
    const at = (offset: number) => aRecord({ at: new Date(Date.now() + offset).toISOString() });
    const { body } = await durably([at(-29 * day), at(-3 * day), at(3_000_000), at(-31 * day), at(4_000_000)]);
    expect(body).toMatchObject({ accepted: 3, rejected: [{ index: 3 }, { index: 4 }] });
    expect(await storedCount(app)).toBe(3);
  });

  it('cuts what others said, and masks credentials in it', async () => {
    const said = `Incorrect API key provided: sk-${'a1'.repeat(20)}. ${'ü'.repeat(2000)}`;
    await durably(
      aRecord({ error_message: said, user_agent: 'x'.repeat(600), note: { key: `AIza${'b2'.repeat(18)}` } }),
    );
    const [record] = await listed();
    expect(record!.error_message).toMatch(/^Incorrect API key provided: sk-\*\*\* ü+$/);
    expect(record!.user_agent).toHaveLength(512);
    expect(JSON.stringify(record)).not.toMatch(/a1a1|b2b2/);
  });

  it('refuses bodies of requests, which it does not store', async () => {
    const { body } = await durably([aRecord({ messages: [{ role: 'user' }] }), aRecord()]);
    expect(body.rejected[0].errors[0].pointer).toBe('/messages');
  });

  it('leaves out a record that PostgreSQL refuses, and only that', async () => {
    await app.db.query(`ALTER TABLE logs.records ADD CONSTRAINT ck_test CHECK (model <> 'poison')`);
    const batch = [...records(5), aRecord({ model: 'poison' }), ...records(5)];
    expect((await durably(batch)).body).toMatchObject({ accepted: 10, rejected: [{ index: 5 }] });
    expect(await storedCount(app)).toBe(10);
    await app.db.query('ALTER TABLE logs.records DROP CONSTRAINT ck_test');
  });
});

async function halfSent(url: string): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1').on('error', () => undefined);
  await once(socket, 'connect');
  const head = `POST /logs HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${INTERNAL_TOKEN}\r\nexpect: 100-continue`;
  socket.write(`${head}\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n`);
  // It is handled when that is answered.
  await once(socket, 'data');
  return socket;
}

describe('a full queue', () => {
  it('answers 429 with Retry-After, takes nothing of the batch, and counts it', async () => {
    const app = await startApp({ EZ_LOG_QUEUE: '10', EZ_LOG_FLUSH_MS: '60000', EZ_LOG_BATCH_SIZE: '500' });
    expect((await balancer(app).post('/logs', records(8))).status).toBe(202);
    const full = await balancer(app).post('/logs', records(3));
    expect([full.status, full.body.code, full.headers.get('retry-after')]).toEqual([429, 'log_queue_full', '1']);
    expect((await balancer(app).post('/logs', records(2))).status).toBe(202);
    const metrics = (await balancer(app).get('/internal/metrics')).body as string;
    expect(metrics).toContain('ez_log_refused_records_total{reason="queue_full"} 3');
    expect(metrics).toContain('ez_log_queue_records 10');
    await app.close();
  });
});

describe('unknown fields', () => {
  it('are refused where that is set', async () => {
    const app = await startApp({ EZ_LOG_UNKNOWN_FIELDS: 'refuse' });
    const { body } = await balancer(app).post('/logs?durable=true', [aRecord({ region: 'eu' }), aRecord()]);
    expect(body).toMatchObject({ accepted: 1, rejected: [{ index: 0, errors: [{ pointer: '/region' }] }] });
    await app.close();
  });
});
