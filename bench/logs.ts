import { logLists } from './log-lists.js';
import { stats } from './stats.js';
import { Arena } from './support/arena.js';
import type { Figure } from './support/figure.js';
import { generateLogs } from './support/log-generator.js';
import { seconds } from './support/stats.js';

/** `BENCH_LOG_RECORDS=300000` is for trying it out. */
const RECORDS = Number(process.env.BENCH_LOG_RECORDS ?? 10_000_000);

/** Lists and statistics of access logs, over a table that has grown. */
export async function logs(folder: string): Promise<Figure[]> {
  const arena = await Arena.open(folder, 'bench_logs', { redisDb: 1, keys: 1 });
  try {
    const startedAt = performance.now();
    await generateLogs(arena.pool, RECORDS);
    process.stderr.write(`wrote ${RECORDS} records and their roll-ups in ${seconds(performance.now() - startedAt)}\n`);
    const served = await arena.serve();
    return [...(await logLists(arena, served, RECORDS)), ...(await stats(arena, served, RECORDS))];
  } finally {
    await arena.close();
  }
}
