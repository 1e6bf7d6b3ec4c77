import { describe, expect, it } from '@jest/globals';
import { INTERNAL_TOKEN } from '../support/app.js';
import { aKey } from '../support/gateway.js';
import { until } from '../support/launcher.js';
import { metricsIn, sum } from '../support/prometheus.js';
import { aBatch, keyOf, settled } from './balancing.js';
import { twoReplicas } from './replicas.js';

const at = twoReplicas();

const write = (batch: unknown) =>
  at.app.redis.xadd('usage:ingest', '*', 'batch', typeof batch === 'string' ? batch : JSON.stringify(batch));

const untilEmpty = () => until(async () => (await at.app.redis.xlen('usage:ingest')) === 0);

async function refusedInStream(): Promise<number> {
  const counts = at.both.map(async (one) => {
    const { samples } = metricsIn((await one.anyone.as(INTERNAL_TOKEN).get('/internal/metrics')).body);
    return sum(samples, 'ez_usage_batches_total', { way: 'stream', outcome: 'refused' });
  });
  return (await Promise.all(counts)).reduce((one, other) => one + other);
}

describe('usage:ingest', () => {
  it('is settled as if it were posted, each batch once', async () => {
    const key = await aKey(at.app, at.master);
    const batches = Array.from({ length: 30 }, () => aBatch({ key_id: key.id, requests: 1 }));
    for (const batch of [...batches, ...batches]) await write(batch);
    await Promise.all(batches.slice(0, 5).map((batch) => settled(at.replica, batch)));
    await untilEmpty();
    expect((await keyOf(at.app, key)).request_count).toBe(30);
  });

  it('leaves out what is no batch, says so, and goes on', async () => {
    const key = await aKey(at.app, at.master);
    await at.app.redis.xadd('usage:ingest', '*', 'data', '{}');
    for (const bad of [
      '',
      '{',
      '[]',
      '"x"',
      '{"node":"n"}',
      JSON.stringify({ ...aBatch(), entries: [{ key_id: 'x' }] }),
    ]) {
      await write(bad);
    }
    await write('['.repeat(100_000));
    await write(aBatch({ key_id: key.id, requests: 1 }));
    await untilEmpty();
    expect((await keyOf(at.app, key)).request_count).toBe(1);
    const refused = at.both.flatMap(({ logs }) => logs).filter((line) => line.includes('is not counted'));
    expect(refused).toHaveLength(8);
  });

  it('leaves out a batch that no counter can hold, says so, and goes on', async () => {
    const [key, full] = [await aKey(at.app, at.master), await aKey(at.app, at.master)];
    await at.app.db.query('UPDATE keys SET request_count = 9223372036854775807 WHERE id = $1', [full.id]);
    const before = await refusedInStream();
    for (const { id } of [key, full, key]) await write(aBatch({ key_id: id, requests: 1 }));
    await untilEmpty();
    expect((await keyOf(at.app, key)).request_count).toBe(2);
    expect((await refusedInStream()) - before).toBe(1);
    const logs = at.both.flatMap((one) => one.logs);
    expect(logs.filter((line) => line.includes('is not counted: A number is out of range'))).toHaveLength(1);
  });

  it('gives what a dead at.replica had to one that lives', async () => {
    const key = await aKey(at.app, at.master);
    await at.app.redis.xgroup('CREATE', 'usage:ingest', 'ez-api', '0', 'MKSTREAM').catch(() => undefined);
    const read = at.app.redis.duplicate();
    const delivered = read.xreadgroup(
      'GROUP',
      'ez-api',
      'dead',
      'COUNT',
      1,
      'BLOCK',
      20_000,
      'STREAMS',
      'usage:ingest',
      '>',
    );
    // Whoever of the three is given an entry: sooner or later it is the dead one.
    const ids = new Set<string>();
    const writing = (async () => {
      for (let n = 0; n < 200 && !ids.size; n++) await write(aBatch({ key_id: key.id, requests: 1 }));
    })();
    const id = (await delivered)![0]![1][0]![0];
    ids.add(id);
    await writing;
    await read.xclaim('usage:ingest', 'ez-api', 'dead', 0, id, 'IDLE', 3_600_000, 'JUSTID');
    read.disconnect();
    await untilEmpty();
    const [row] = await at.app.db.query<{ lines: number }[]>(
      'SELECT count(*)::int AS lines FROM usage.ledger WHERE key_id = $1',
      [key.id],
    );
    expect((await keyOf(at.app, key)).request_count).toBe(row!.lines);
  }, 60_000);
});
