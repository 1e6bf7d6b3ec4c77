import autocannon from 'autocannon';
import { type Served, sideBySide } from './support/arena.js';
import type { Figure } from './support/figure.js';
import { median, medianRatio } from './support/stats.js';

const CONNECTIONS = 16;
const ROUNDS = 5;
const ROUND_SECONDS = 4;

/** One key after another over HTTP, beside a bare express handler that does the same INSERTs in one transaction. */
export const createKey = (folder: string): Promise<Figure[]> =>
  sideBySide(folder, { name: 'bench_create', keys: 0 }, async (ours, bare) => [
    await compare(await ours.serve(), await bare.serveBare()),
  ]);

async function compare(ours: Served, bare: Served): Promise<Figure> {
  const rates = { ours: [] as number[], bare: [] as number[] };
  await requestsPerSecond(ours, '/admin/masters/1/keys');
  await requestsPerSecond(bare, '/keys');
  for (let round = 0; round < ROUNDS; round++) {
    rates.ours.push(await requestsPerSecond(ours, '/admin/masters/1/keys'));
    rates.bare.push(await requestsPerSecond(bare, '/keys'));
  }
  const ratio = medianRatio(rates.ours, rates.bare);
  return {
    what: `POST of a key, ${CONNECTIONS} connections`,
    ours: `${Math.round(median(rates.ours))} requests/s`,
    yardstick: `bare express + pg: ${Math.round(median(rates.bare))} requests/s`,
    ratio,
    target: 'ratio ≥ 0.50',
    isMet: ratio >= 0.5,
  };
}

async function requestsPerSecond({ http }: Served, path: string): Promise<number> {
  const isBare = path === '/keys';
  const result = await autocannon({
    url: http.base + path,
    method: 'POST',
    headers: http.headers,
    body: JSON.stringify({ name: 'bench', ...(isBare && { master_id: 1 }) }),
    connections: CONNECTIONS,
    duration: ROUND_SECONDS,
  });
  if (result.non2xx + result.errors > 0) throw new Error(`${path}: ${result.non2xx} refused, ${result.errors} failed`);
  return result['2xx'] / result.duration;
}
