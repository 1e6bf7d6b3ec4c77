import { setTimeout as sleep } from 'node:timers/promises';
import { dropPartition, readPartitions } from '../src/log-database/partitions.js';
import { Arena } from './support/arena.js';
import type { Figure } from './support/figure.js';
import type { HttpClient } from './support/http-client.js';
import { writeDay } from './support/log-generator.js';
import { someRecords, usualTraffic } from './support/log-records.js';
import { ms, quantile, seconds } from './support/stats.js';

const RECORDS = 1_000_000;
const DAY_MS = 86_400_000;
/** Young enough that the server itself doesn't drop them. */
const AGES = { dropped: 20, deleted: 10 };
const CALM_MS = 5000;
/** Who waited for it has been answered by then. */
const SETTLE_MS = 500;
const MOST_MS = 1000;
const BATCH = 50;
const PAUSE_MS = 5;

/** A day of a million records goes while others are written, as retention does it, beside a DELETE of as many. */
export async function retention(folder: string): Promise<Figure[]> {
  const arena = await Arena.open(folder, 'bench_retention', { redisDb: 1, keys: 0 });
  try {
    // A server would take a table that is being filled for one that was left over.
    const days = { dropped: await fill(arena, AGES.dropped), deleted: await fill(arena, AGES.deleted) };
    await arena.pool.query('VACUUM ANALYZE logs.records');
    const { internal } = await arena.serve();
    const writer = new Writer(internal);
    await sleep(CALM_MS);
    const calm = writer.taken();
    const dropped = await timed(() => drop(arena, days.dropped));
    await sleep(SETTLE_MS);
    const whileDropped = writer.taken();
    const deleted = await timed(() => deleteDay(arena, days.deleted));
    await sleep(SETTLE_MS);
    const whileDeleted = writer.taken();
    await writer.stop();
    return figures({ dropped, deleted }, { calm, whileDropped, whileDeleted });
  } finally {
    await arena.close();
  }
}

async function fill({ pool }: Arena, age: number): Promise<Date> {
  const day = new Date(Math.floor(Date.now() / DAY_MS - age) * DAY_MS);
  const client = await pool.connect();
  await writeDay(client, day, { records: RECORDS, seconds: DAY_MS / 1000 });
  client.release();
  return day;
}

async function drop({ pool }: Arena, day: Date): Promise<void> {
  const partition = (await readPartitions(pool)).find(({ from }) => from === day.getTime());
  await dropPartition(pool, partition!);
}

/** With what it takes until the space can be used again. */
async function deleteDay({ pool }: Arena, day: Date): Promise<void> {
  const next = new Date(day.getTime() + DAY_MS);
  await pool.query('DELETE FROM logs.records WHERE at >= $1 AND at < $2', [day, next]);
  await pool.query('VACUUM logs.records');
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

/** Writes small batches, one after the other, and waits for each commit. */
class Writer {
  private waits: number[] = [];
  private isStopping = false;
  private readonly running: Promise<void>;

  constructor(private readonly internal: HttpClient) {
    this.running = this.write();
  }

  /** How long each took since this was asked before. */
  taken(): number[] {
    return this.waits.splice(0);
  }

  async stop(): Promise<void> {
    this.isStopping = true;
    await this.running;
  }

  private async write(): Promise<void> {
    while (!this.isStopping) {
      this.waits.push(
        (await this.internal.call('POST', '/internal/logs?durable=true', someRecords(BATCH, usualTraffic))).ms,
      );
      await sleep(PAUSE_MS);
    }
  }
}

function figures(
  { dropped, deleted }: { dropped: number; deleted: number },
  waits: { calm: number[]; whileDropped: number[]; whileDeleted: number[] },
): Figure[] {
  return [
    {
      what: `Dropping a day of ${RECORDS.toLocaleString('en')} records while others are written`,
      ours: seconds(dropped),
      yardstick: `DELETE of as many, and VACUUM: ${seconds(deleted)}`,
      ratio: deleted / dropped,
      target: '≤ 1 s',
      isMet: dropped <= MOST_MS,
    },
    {
      what: `… longest wait of who writes (p99 before: ${ms(quantile(waits.calm, 0.99))})`,
      ours: ms(Math.max(0, ...waits.whileDropped)),
      yardstick: ms(Math.max(0, ...waits.whileDeleted)),
      target: '',
    },
  ];
}
