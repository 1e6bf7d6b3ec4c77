import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LogDatabase } from '../../src/log-database/log-database.js';
import { verifyDay } from '../../src/modules/stats/verify.js';
import { PostgresMachine, workFolder } from '../faults/harness/machines.js';
import { balancer, records } from '../support/access-logs.js';
import { startApp, type TestApp } from '../support/app.js';
import { unused } from '../support/gateway.js';
import type { Answer, Json } from '../support/http.js';
import { until } from '../support/launcher.js';
import { metricsIn, valueOf } from '../support/prometheus.js';

const MINUTE_MS = 60_000;
const QUEUE = 1_000;
/** Two balancers that need not know whether it is stored, and one that must, send a batch in about that time. */
const PACE_MS = 100;
const LOOK_MS = 500;
/** Longer than all waits together. */
const LONG_MS = 900_000;

interface Change {
  answer: Answer;
  isInRedis: boolean;
}

describe('while the server of the log database is stopped for a minute', () => {
  const folder = workFolder();
  /** Request ids of records that were taken in. */
  const acknowledged: string[] = [];
  /** The same, of durable batches that nobody has sent again. */
  const refused: string[] = [];
  const answers = { memory: [] as Answer[], durable: [] as Answer[], once: [] as Answer[] };
  const looks: { ready: Answer; search: Answer; queued: number }[] = [];
  const changes: Change[] = [];
  let takenWhileAway = 0;
  let postgres: PostgresMachine;
  let app: TestApp;

  beforeAll(async () => {
    postgres = await PostgresMachine.create(join(folder.path, 'postgres'));
    await postgres.start();
    await postgres.migrate();
    app = await startApp({ EZ_LOG_PG_DSN: postgres.dsn, EZ_LOG_QUEUE: String(QUEUE) });
    const balancers = [repeat(sendToMemory, PACE_MS), repeat(sendToMemory, PACE_MS), repeat(sendDurably, PACE_MS)];
    await untilMoreAreTaken(300);
    await postgres.kill();
    await until(async () => (await health()).logs === 'down');
    await whileAway();
    await postgres.start();
    await until(async () => (await health()).logs === 'up');
    await untilMoreAreTaken(300);
    await Promise.all(balancers.map((stop) => stop()));
    await until(async () => (await queued()) === 0);
  }, LONG_MS);
  afterAll(async () => {
    await app?.close();
    await postgres?.stop();
    folder.remove();
  });

  const batch = (): Json[] =>
    records(10).map((record, n) => ({
      ...record,
      ...{ master_id: 1 + (n % 2), key_id: n + 1, provider_id: 1 + (n % 3), model: 'gpt-4o' },
      ...{ status_code: n === 0 ? 502 : 200, latency_ms: 40 * n, input_tokens: 7, cost_usd: 0.000001 },
    }));

  /** What is refused is sent again when the answer says so. */
  const deliver = async (path: string, body: Json, seen: Answer[]): Promise<void> => {
    for (;;) {
      const answer = await balancer(app).post(path, body);
      seen.push(answer);
      if (answer.status < 300) return;
      await sleep(1_000 * Number(answer.headers.get('retry-after') ?? 1));
    }
  };

  const sendToMemory = async (): Promise<void> => {
    const sent = batch();
    await deliver('/logs', sent, answers.memory);
    acknowledged.push(...idsOf(sent));
  };

  const sendDurably = async (): Promise<void> => {
    const sent = batch();
    await deliver('/logs?durable=true', { node: 'n', batch_id: unused('b'), records: sent }, answers.durable);
    acknowledged.push(...idsOf(sent));
  };

  const sendDurablyOnce = async (): Promise<void> => {
    const sent = batch();
    answers.once.push(await balancer(app).post('/logs?durable=true', sent));
    refused.push(...idsOf(sent));
  };

  const look = async (): Promise<void> => {
    const [ready, search] = await Promise.all([app.anyone.get('/health/ready'), app.admin.get('/admin/logs')]);
    looks.push({ ready, search, queued: await queued() });
  };

  const change = async (): Promise<void> => {
    const name = unused('ns');
    const answer = await app.admin.post('/admin/namespaces?wait=applied&timeout_ms=30000', { name });
    changes.push({ answer, isInRedis: (await app.redis.hexists('config:namespaces', name)) === 1 });
  };

  const whileAway = async (): Promise<void> => {
    const before = acknowledged.length;
    const others = [repeat(sendDurablyOnce, LOOK_MS), repeat(look, LOOK_MS), repeat(change, LOOK_MS)];
    await Promise.all([sleep(MINUTE_MS), until(() => looks.some(({ queued }) => queued >= QUEUE))]);
    await until(() => answers.memory.some(({ status }) => status === 429));
    await Promise.all(others.map((stop) => stop()));
    takenWhileAway = acknowledged.length - before;
  };

  const untilMoreAreTaken = (count: number): Promise<void> => {
    const before = acknowledged.length;
    return until(() => acknowledged.length > before + count);
  };

  const health = async (): Promise<Json> => (await app.anyone.get('/health')).body;

  const queued = async (): Promise<number> => {
    const { body } = await balancer(app).get('/internal/metrics');
    return valueOf(metricsIn(body).samples, 'ez_log_queue_records')!;
  };

  it('all that was acknowledged is stored once, and nothing that was refused', async () => {
    const { rows } = await app.nest
      .get(LogDatabase)
      .reads.query<{ request_id: string }>('SELECT request_id FROM logs.records');
    const stored = rows.map(({ request_id }) => request_id);
    const isStored = new Set(stored);
    expect(stored).toHaveLength(isStored.size);
    expect(acknowledged.filter((id) => !isStored.has(id))).toEqual([]);
    expect(refused.filter((id) => isStored.has(id))).toEqual([]);
    expect(stored).toHaveLength(acknowledged.length);
  });

  it('memory takes what the queue holds, and answers 429 for what is more', () => {
    expect(takenWhileAway).toBeGreaterThan(0);
    expect(takenWhileAway).toBeLessThanOrEqual(QUEUE);
    expect(kindsOf(answers.memory)).toEqual(['202', '429 log_queue_full 1']);
    expect(Math.max(...looks.map((seen) => seen.queued))).toBe(QUEUE);
  });

  it('durable batches are answered 503, and taken when they are sent again later', () => {
    expect(kindsOf(answers.once)).toEqual(['503 log_database_unavailable 1']);
    expect(kindsOf(answers.durable)).toEqual(expect.arrayContaining(['200', '503 log_database_unavailable 1']));
  });

  it('the configuration is changed, and Redis has each change', () => {
    expect(changes.length).toBeGreaterThan(0);
    expect(kindsOf(changes.map(({ answer }) => answer))).toEqual(['201']);
    expect(changes.filter(({ isInRedis }) => !isInRedis)).toEqual([]);
  });

  it('readiness says degraded, and searches are answered 503', () => {
    const seen = looks.map(({ ready, search }) => [ready.status, ready.body.status, ready.body.logs, search.status]);
    expect(seen).toEqual(looks.map(() => [200, 'degraded', 'down', 503]));
  });

  it('roll-ups count what is stored', async () => {
    const client = await app.nest.get(LogDatabase).reads.connect();
    try {
      const { rows } = await client.query<{ day: Date }>(
        `SELECT DISTINCT date_bin('1 day', at, TIMESTAMPTZ '2000-01-01Z') AS day FROM logs.records`,
      );
      for (const { day } of rows) expect(await verifyDay(client, day)).toEqual([]);
    } finally {
      client.release();
    }
    const { body } = await app.admin.get('/admin/stats');
    expect(body.totals.requests).toBe(acknowledged.length);
  });
});

/** Does it again and again until that is to stop, which ends with the last time. */
function repeat(work: () => Promise<void>, pauseMs: number): () => Promise<void> {
  const done = new AbortController();
  const running = (async () => {
    for (; !done.signal.aborted; await sleep(pauseMs)) await work();
  })();
  // Whoever stops it is told; if nobody does, it has ended with the server.
  running.catch(() => undefined);
  return () => {
    done.abort();
    return running;
  };
}

const idsOf = (sent: Json[]): string[] => sent.map(({ request_id }) => request_id as string);

/** Status, code and `Retry-After`, as far as there are such. */
const kindsOf = (answers: Answer[]): string[] => {
  const kinds = answers.map(({ status, body, headers }) => [status, body.code, headers.get('retry-after')]);
  return [...new Set(kinds.map((kind) => kind.filter(Boolean).join(' ')))].toSorted();
};
