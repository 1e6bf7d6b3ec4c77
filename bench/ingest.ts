import { setTimeout as sleep } from 'node:timers/promises';
import autocannon from 'autocannon';
import type pg from 'pg';
import { copyIn } from '../src/log-database/copy-in.js';
import { COPY_RECORDS, recordsText } from '../src/log-database/record-text.js';
import { judge } from '../src/modules/logs/record-validator.js';
import { Arena, type Served } from './support/arena.js';
import type { Figure } from './support/figure.js';
import { someRecords, type Traffic, unrelatedTraffic, usualTraffic } from './support/log-records.js';
import { median, medianRatio } from './support/stats.js';
import { warmWal } from './support/warm-wal.js';

const BATCH = 500;
const BODIES = 400;
const COPIES = 40;
const CONNECTIONS = 4;
const ROUNDS = 5;
const OURS_SECONDS = 6;
const YARDSTICK_SECONDS = 3;
/** As many as our server puts into one transaction under load. */
const COPY_BATCH = 2500;
const FULL_PAUSE_MS = 20;
const LEAST_PER_SECOND = 30_000;
const SINGLE = { connections: 16, seconds: 4 };
const DAY_MS = 86_400_000;

/** Records over HTTP, with their indexes and roll-ups, beside a bare COPY into the same table and the original's way. */
export async function ingest(folder: string): Promise<Figure[]> {
  const arena = await Arena.open(folder, 'bench_ingest', { redisDb: 1, keys: 0 });
  try {
    await warmWal(arena.pool);
    const servers = { ours: await arena.serve(), original: await arena.serveOriginal() };
    const usual = usualFigures(await batches(arena, servers, usualTraffic));
    const one = await single(servers.ours);
    // Last, for what waits to be rolled up then keeps a processor busy for minutes.
    return [...usual, unrelatedFigure(await batches(arena, servers, unrelatedTraffic)), one];
  } finally {
    await arena.close();
  }
}

interface Rates {
  ours: number[];
  copy: number[];
  original: number[];
}

async function batches(
  { pool }: Arena,
  { ours, original }: { ours: Served; original: Served },
  traffic: Traffic,
): Promise<Rates> {
  const bodies = Array.from({ length: BODIES }, () => Buffer.from(JSON.stringify(someRecords(BATCH, traffic))));
  const rows = Array.from({ length: COPIES }, () => copyRows(someRecords(COPY_BATCH, traffic)));
  const taken: Rates = { ours: [], copy: [], original: [] };
  for (let round = 0; round <= ROUNDS; round++) {
    const rates = {
      ours: await sendBatches(ours, bodies),
      copy: await copyBare(pool, rows),
      original: await sendToOriginal(original, bodies),
    };
    if (round === 0) continue; // warms up
    for (const name of ['ours', 'copy', 'original'] as const) taken[name].push(rates[name]);
  }
  return taken;
}

function usualFigures(taken: Rates): Figure[] {
  return [
    besideCopy(`Records through HTTP, batches of ${BATCH}, indexes and roll-ups included`, taken),
    {
      what: '… the same',
      ours: perSecond(taken.ours),
      yardstick: `the original's way, one INSERT a record, no roll-ups: ${perSecond(taken.original)}`,
      ratio: medianRatio(taken.ours, taken.original),
      target: '',
    },
  ];
}

const unrelatedFigure = (taken: Rates): Figure =>
  besideCopy('… of which hardly any two share a row of the finest roll-ups', taken);

function besideCopy(what: string, taken: Rates): Figure {
  const ratio = medianRatio(taken.ours, taken.copy);
  return {
    what,
    ours: perSecond(taken.ours),
    yardstick: `bare COPY into the same table on one connection, ${COPY_BATCH.toLocaleString('en')} at a time: ${perSecond(taken.copy)}`,
    ratio,
    target: '≥ 30,000 records/s, ratio ≥ 0.50',
    isMet: median(taken.ours) >= LEAST_PER_SECOND && ratio >= 0.5,
  };
}

const perSecond = (rates: number[]): string => `${Math.round(median(rates)).toLocaleString('en')} records/s`;

/** From the first request until the last record was committed. */
async function sendBatches({ internal }: Served, bodies: Buffer[]): Promise<number> {
  const before = await committed(internal);
  let next = 0;
  const sent = await sendFor(OURS_SECONDS, async () => {
    const { status } = await internal.send('POST', '/internal/logs', bodies[next++ % BODIES]);
    if (status === 429) return sleep(FULL_PAUSE_MS, 0);
    if (status !== 202) throw new Error(`POST /internal/logs answered ${status}`);
    return BATCH;
  });
  while ((await committed(internal)) - before < sent.records) await sleep(10);
  return sent.records / ((performance.now() - sent.startedAt) / 1000);
}

async function committed(internal: Served['internal']): Promise<number> {
  const { body } = await internal.call('GET', '/internal/metrics');
  return Number(/^ez_log_flushed_records_total (\d+)$/m.exec(body)?.[1] ?? 0);
}

async function sendToOriginal({ http }: Served, bodies: Buffer[]): Promise<number> {
  let next = 0;
  const { records, startedAt } = await sendFor(YARDSTICK_SECONDS, async () => {
    await http.call('POST', '/logs', bodies[next++ % BODIES]);
    return BATCH;
  });
  return records / ((performance.now() - startedAt) / 1000);
}

async function sendFor(seconds: number, send: () => Promise<number>): Promise<{ records: number; startedAt: number }> {
  const startedAt = performance.now();
  let records = 0;
  const one = async (): Promise<void> => {
    while (performance.now() - startedAt < seconds * 1000) {
      const taken = await send();
      records += taken;
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, one));
  return { records, startedAt };
}

/** In the format of COPY, ready to be sent. */
function copyRows(records: Record<string, unknown>[]): string {
  const now = Date.now();
  const rules = { now, oldest: now - DAY_MS, newest: now + DAY_MS, node: null, refusesUnknown: false };
  return recordsText(
    records.map((raw) => {
      const verdict = judge(raw, rules);
      if ('errors' in verdict) throw new Error('a record of the benchmark is not valid');
      return verdict.record;
    }),
  );
}

async function copyBare(pool: pg.Pool, rows: string[]): Promise<number> {
  const client = await pool.connect();
  const startedAt = performance.now();
  let copied = 0;
  for (; performance.now() - startedAt < YARDSTICK_SECONDS * 1000; copied++) {
    await copyIn(client, COPY_RECORDS, rows[copied % rows.length]!);
  }
  const seconds = (performance.now() - startedAt) / 1000;
  client.release();
  return (copied * COPY_BATCH) / seconds;
}

/** One record a request, beside a route that answers at once, without a token or a body. Neither has a line in the log. */
async function single({ internal }: Served): Promise<Figure> {
  const [body] = someRecords(1, usualTraffic);
  const taken = { ours: [] as number[], empty: [] as number[] };
  for (let round = 0; round <= ROUNDS; round++) {
    const ours = await requestsPerSecond(internal, { method: 'POST', path: '/internal/logs', body });
    const empty = await requestsPerSecond(internal, { method: 'GET', path: '/health/live' });
    if (round === 0) continue;
    taken.ours.push(ours);
    taken.empty.push(empty);
  }
  const ratio = medianRatio(taken.ours, taken.empty);
  return {
    what: `One record a request, ${SINGLE.connections} connections`,
    ours: `${Math.round(median(taken.ours)).toLocaleString('en')} requests/s`,
    yardstick: `GET /health/live of the same server: ${Math.round(median(taken.empty)).toLocaleString('en')} requests/s`,
    ratio,
    target: 'ratio ≥ 0.60',
    isMet: ratio >= 0.6,
  };
}

async function requestsPerSecond(
  { base, headers }: Served['internal'],
  { method, path, body }: { method: 'GET' | 'POST'; path: string; body?: object },
): Promise<number> {
  const { connections, seconds } = SINGLE;
  const payload = body && JSON.stringify(body);
  const result = await autocannon({ url: base + path, method, headers, body: payload, connections, duration: seconds });
  if (result.non2xx + result.errors > 0) throw new Error(`${path}: ${result.non2xx} refused, ${result.errors} failed`);
  return result['2xx'] / result.duration;
}
