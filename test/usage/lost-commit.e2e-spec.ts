import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { parsePgDsn } from '../../src/config/pg-dsn.js';
import { startApp, type TestApp } from '../support/app.js';
import { requiredEnvironment } from '../support/environment.js';
import { aKey, aMaster } from '../support/gateway.js';
import { until } from '../support/launcher.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { postgresWire } from '../support/wire.js';
import { aBatch, flush, keyOf } from './balancing.js';

const NOBODY = 999_999;

let network: TcpProxy;
let app: TestApp;
let beside: pg.Client;

beforeAll(async () => {
  network = await TcpProxy.to(parsePgDsn(requiredEnvironment('EZ_PG_DSN')), postgresWire);
  app = await startApp({}, throughNetwork);
  beside = new pg.Client(parsePgDsn(app.dsn));
  await beside.connect();
});
afterAll(async () => {
  await beside.end();
  await app.close();
  await network.close();
});

function throughNetwork(dsn: string): string {
  const url = new URL(dsn);
  url.hostname = '127.0.0.1';
  url.port = String(network.port);
  return url.href;
}

/** The next commit of usage arrives at PostgreSQL, and its answer never comes back. */
function loseAnswerToCommit(): void {
  const counting = new WeakSet<object>();
  network.judge = ({ says }, connection) => {
    if (says.includes('INSERT INTO usage.batches')) counting.add(connection);
    if (counting.has(connection) && /^[QP].*COMMIT/s.test(says)) {
      network.judge = undefined;
      network.blackHole('toClient');
    }
    return 'pass';
  };
}

describe('a batch whose answer is 503 because PostgreSQL’s was lost', () => {
  it.each([
    ['a plain one', {}],
    ['one that uses up a quota', { quota_limit: 1 }],
  ])('may be counted: sent again, %s is answered as it would have been, and counts once', async (_, fields) => {
    const { id } = await aKey(app, (await aMaster(app)).id, fields);
    const batch = aBatch({ key_id: id, requests: 1, quota_units: 1 }, { key_id: NOBODY, requests: 1 });
    loseAnswerToCommit();
    const lost = flush(app, batch);
    const ledger = () => beside.query('SELECT FROM usage.ledger WHERE batch_id = $1', [batch.batch_id]);
    await until(async () => (await ledger()).rowCount === 1);
    network.reset();
    await network.pass();
    expect(await lost).toMatchObject({ status: 503, body: { code: 'database_unavailable' } });
    expect(await flush(app, batch)).toMatchObject({
      status: 200,
      body: { batch_id: batch.batch_id, duplicate: true, unknown: { keys: [NOBODY], providers: [] } },
    });
    expect((await keyOf(app, { id })).request_count).toBe(1);
  });
});
