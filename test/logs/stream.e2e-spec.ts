import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { aRecord, balancer, records, storedCount, untilStored } from '../support/access-logs.js';
import { startApp, type TestApp } from '../support/app.js';
import { until } from '../support/launcher.js';

const STREAM = 'logs:ingest';
const GROUP = 'ez-api';

describe('the stream logs:ingest', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.close());

  const add = (data: unknown): Promise<string | null> =>
    app.redis.xadd(STREAM, '*', 'data', typeof data === 'string' ? data : JSON.stringify(data));

  const untilEmpty = (): Promise<void> => until(async () => (await app.redis.xlen(STREAM)) === 0);

  it('is read: one record, a list or a batch an entry, and entries leave it when they are committed', async () => {
    await add(aRecord());
    await add(records(3));
    await add({ node: 'n', batch_id: 'b', records: records(2) });
    await untilStored(app, 6);
    await untilEmpty();
    expect(await app.redis.xpending(STREAM, GROUP)).toEqual([0, null, null, null]);
  });

  it('gives up entries that hold no records, counts them, and takes the good ones of the others', async () => {
    const before = await storedCount(app);
    await add('{');
    await app.redis.xadd(STREAM, '*', 'other', 'field');
    await add([aRecord({ status_code: 0 }), aRecord()]);
    await untilStored(app, before + 1);
    await untilEmpty();
    const { body } = await balancer(app).get('/internal/metrics');
    expect(body).toContain('ez_log_refused_records_total{reason="invalid"} 3');
    expect(body).toContain('ez_log_stream_entries 0');
  });

  it('stores a batch once, whether it comes by the stream, again, or by HTTP', async () => {
    const before = await storedCount(app);
    const batch = { node: 'n', batch_id: 'both-ways', records: records(2) };
    await add(batch);
    await add(batch);
    await untilEmpty();
    expect((await balancer(app).post('/logs?durable=true', batch)).body.duplicate).toBe(true);
    expect(await storedCount(app)).toBe(before + 2);
  });

  it('drops other records under a batch id that was used, and what is too large, and says so', async () => {
    const before = await storedCount(app);
    await add({ node: 'n', batch_id: 'reused', records: records(2) });
    await untilStored(app, before + 2);
    await add({ node: 'n', batch_id: 'reused', records: records(3) });
    await add(JSON.stringify(records(2, { user_agent: 'x'.repeat(600_000) })));
    await untilEmpty();
    const { body } = await balancer(app).get('/internal/metrics');
    expect(body).toContain('ez_log_refused_records_total{reason="batch_id_reused"} 3');
    expect(app.logs.join('')).toContain('other ones came before as batch reused of n');
    expect(app.logs.join('')).toContain('it has more than 1048576 bytes');
    expect(await storedCount(app)).toBe(before + 2);
  });

  it('claims what a consumer was given that is dead', async () => {
    const before = await storedCount(app);
    const data = JSON.stringify(records(4));
    // In one step, so that no living consumer is faster.
    const [, given] = (await app.redis
      .multi()
      .xadd(STREAM, '*', 'data', data)
      .xreadgroup('GROUP', GROUP, 'dead', 'COUNT', 10, 'STREAMS', STREAM, '>')
      .exec())!;
    const [[, [[id]]]] = given![1] as [[string, [[string]]]];
    await app.redis.call('XCLAIM', STREAM, GROUP, 'dead', '0', id, 'IDLE', '3600000');
    await untilStored(app, before + 4);
    await untilEmpty();
    expect(await app.redis.xpending(STREAM, GROUP)).toEqual([0, null, null, null]);
  });

  it('does not store an entry again that was committed and could not be acknowledged', async () => {
    const before = await storedCount(app);
    const id = `${Date.now() + 3_600_000}-0`;
    await app.db.query(`INSERT INTO logs.batches (node, batch_id) VALUES ('~stream', $1)`, [id]);
    await app.redis.xadd(STREAM, id, 'data', JSON.stringify(records(2)));
    await untilEmpty();
    expect(await storedCount(app)).toBe(before);
  });

  it('is found again in a Redis that was emptied', async () => {
    const before = await storedCount(app);
    await app.redis.flushdb();
    await add(records(2));
    await untilStored(app, before + 2);
    await untilEmpty();
    expect(await storedCount(app)).toBe(before + 2);
  });
});

describe('a backlog of the stream that is larger than the queue', () => {
  it('is written in portions, each record once, and the stream is empty then', async () => {
    const app = await startApp({ EZ_LOG_QUEUE: '100' });
    const entry = (): string => JSON.stringify(records(30));
    const adding = app.redis.pipeline();
    for (let i = 0; i < 300; i++) adding.xadd(STREAM, '*', 'data', entry());
    adding.xadd(STREAM, '*', 'data', JSON.stringify(records(1000)));
    await adding.exec();
    await until(async () => (await app.redis.xlen(STREAM)) === 0);
    expect(await storedCount(app)).toBe(10_000);
    const { body } = await balancer(app).get('/internal/metrics');
    expect(body).toContain('ez_log_duplicate_records_total 0');
    expect(app.logs.filter((line) => line.includes('entries wait'))).toEqual([]);
    await app.close();
  }, 60_000);
});
