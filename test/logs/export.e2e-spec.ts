import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { aRecord, balancer } from '../support/access-logs.js';
import { ADMIN_TOKEN, startApp, type TestApp } from '../support/app.js';
import { aMaster, type MasterBody } from '../support/gateway.js';
import { until } from '../support/launcher.js';

const RECORDS = 5000;
const BATCH = 250;

describe('GET /admin/logs/export', () => {
  let app: TestApp;
  let master: MasterBody;

  beforeAll(async () => {
    app = await startApp();
    master = await aMaster(app);
    const now = Date.now();
    for (let i = 0; i < RECORDS; i += BATCH) {
      const batch = Array.from({ length: BATCH }, (_, n) =>
        aRecord({
          at: new Date(now - (i + n) * 10).toISOString(),
          master_id: n % 2 === 0 ? master.id : null,
          // More than the buffers of a connection hold.
          note: 'x'.repeat(3000),
          model: n === 0 ? '=cmd|"/c calc"!A1' : 'gpt-4o',
          cost_usd: 0.5,
        }),
      );
      await balancer(app).post('/logs?durable=true', batch);
    }
  }, 60_000);
  afterAll(() => app.close());

  const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');

  it('streams all that fits as one JSON a line, newest first', async () => {
    const { status, headers, body } = await app.admin.get('/admin/logs/export');
    expect([status, headers.get('content-type')]).toEqual([200, 'application/x-ndjson']);
    const records = lines(body).map((line) => JSON.parse(line));
    expect(records).toHaveLength(RECORDS);
    const instants = records.map(({ at }) => Date.parse(at));
    expect(instants).toEqual(instants.toSorted((a, b) => b - a));
  });

  it('writes CSV with a header, in which no text is a formula', async () => {
    const { headers, body } = await app.admin.get('/admin/logs/export?format=csv&model=%3Dcmd%7C%22%2Fc%20calc%22!A1');
    expect(headers.get('content-disposition')).toBe('attachment; filename="logs.csv"');
    const [header, ...rows] = lines(body as string);
    expect(header).toMatch(/^id,at,request_id,master_id,/);
    expect(rows).toHaveLength(RECORDS / BATCH);
    for (const row of rows) expect(row).toContain(`,"'=cmd|""/c calc""!A1",200,`);
  });

  it('gives a tenant its own records, without what is of the upstream', async () => {
    const { body } = await app.anyone.as(master.master_key).get('/v1/logs/export');
    const records = lines(body as string).map((line) => JSON.parse(line));
    expect(records).toHaveLength(RECORDS / 2);
    expect(records.filter(({ master_id }) => master_id !== master.id)).toEqual([]);
    expect(Object.keys(records[0])).not.toContain('provider_id');
  });

  it('is empty, and 200, where nothing fits', async () => {
    expect(await app.admin.get('/admin/logs/export?model=none')).toMatchObject({ status: 200, body: undefined });
  });

  it('waits for a slow reader, stops when the reader leaves, and lets the next one in', async () => {
    const sockets = await Promise.all(Array.from({ length: 4 }, () => slowReader(app.url)));
    expect((await app.admin.get('/admin/logs/export?model=none')).status).toBe(429);
    expect((await app.admin.get('/admin/logs?limit=1')).status).toBe(200);
    for (const socket of sockets) socket.destroy();
    await until(async () => (await app.admin.get('/admin/logs/export?model=none')).status === 200);
  });
});

/** Begins to read an export, and then reads no more. */
async function slowReader(url: string): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.write(`GET /admin/logs/export HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${ADMIN_TOKEN}\r\n\r\n`);
  const [head] = (await once(socket, 'data')) as [Buffer];
  socket.pause();
  expect(head.toString()).toMatch(/^HTTP\/1.1 200 /);
  return socket;
}
