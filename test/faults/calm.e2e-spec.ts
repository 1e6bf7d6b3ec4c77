import { afterEach, expect, it } from '@jest/globals';
import { Arena } from './harness/arena.js';

let arena: Arena;
afterEach(() => arena.close());

it('Redis follows every write while nothing is wrong', async () => {
  arena = await Arena.open({ scenario: 'calm' });
  await arena.server();
  arena.load.start(arena.serving);
  await arena.writes(300);
  const t = performance.now();
  expect(await arena.verdict()).toEqual([]);
  console.log('verdict took', performance.now() - t, 'looks', arena.observer.looks, 'events', arena.history.events.length, arena.writeCount);
  const lat = arena.history.events.flatMap((e) => e.type === 'write' && !e.request.includes('wait') ? [e.answered - e.sent] : []).toSorted((a, b) => a - b);
  console.log('latency', lat[0], lat[lat.length >> 1], lat.at(-1), 'mem', process.memoryUsage().rss);
  const h: Record<string, number> = {};
  for (const e of arena.history.events) if (e.type === 'write') { const k = e.request.replace(/\d+/g,'N').replace(/\?.*/,'') + ' ' + e.status; h[k] = (h[k] ?? 0) + 1; }
  console.log(h);
}, 120_000);
