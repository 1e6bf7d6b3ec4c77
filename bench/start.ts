import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Arena } from './support/arena.js';
import type { Figure } from './support/figure.js';
import { freePort, isOk } from './support/program.js';
import { median, seconds } from './support/stats.js';

const ROOT = path.resolve(import.meta.dirname, '..', '..');
const RUNS = 5;
const MOST_START_MS = 3000;
const IDLE_MS = 10_000;
const MOST_IDLE_MB = 200;

/** `bin/start` with everything set up, until it is ready to serve, and the memory of a server that nobody asks anything. */
export async function start(folder: string): Promise<Figure[]> {
  const arena = await Arena.open(folder, 'bench_start', { redisDb: 1, keys: 0 });
  try {
    const [ours, bare] = [await arena.serve(), await arena.serveBare()];
    await sleep(IDLE_MS);
    const [idle, bareIdle] = [ours.program.rss(), bare.program.rss()];
    const starts = await warmStarts(folder, arena);
    return [
      {
        what: 'Warm start, `bin/start` to ready: PostgreSQL, Redis, migrations, server',
        ours: `${seconds(median(starts.ours))}, longest ${seconds(Math.max(...starts.ours))}`,
        yardstick: `bare express, without servers to start: ${seconds(median(starts.bare))}`,
        target: '≤ 3 s',
        isMet: median(starts.ours) <= MOST_START_MS,
      },
      {
        what: 'Idle memory of the server process',
        ours: `${idle.toFixed(0)} MB`,
        yardstick: `bare express: ${bareIdle.toFixed(0)} MB`,
        target: '≤ 200 MB',
        isMet: idle <= MOST_IDLE_MB,
      },
    ];
  } finally {
    await arena.close();
  }
}

async function warmStarts(folder: string, arena: Arena): Promise<{ ours: number[]; bare: number[] }> {
  const data = path.join(folder, 'start');
  await mkdir(data);
  await timeStart(data); // sets up
  const taken = { ours: [] as number[], bare: [] as number[] };
  for (let run = 0; run < RUNS; run++) {
    taken.ours.push(await timeStart(data));
    taken.bare.push((await arena.serveBare()).startedMs);
  }
  return taken;
}

async function timeStart(data: string): Promise<number> {
  const port = await freePort();
  const settings = { EZ_DATA_DIR: data, EZ_API_PORT: String(port) };
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('EZ_'));
  const logFile = path.join(data, 'bench.log');
  const log = openSync(logFile, 'a');
  const startedAt = performance.now();
  // The guard takes the launcher down with us, should we be killed. It expects to lead a process group.
  const guard = path.join(ROOT, 'bin', 'lib', 'guard.sh');
  const launcher = spawn('/bin/sh', [guard, 'TERM', path.join(ROOT, 'bin', 'start')], {
    env: { ...Object.fromEntries(inherited), ...settings },
    stdio: ['pipe', log, log],
    detached: true,
  });
  while (!(await isOk(`http://127.0.0.1:${port}/health/ready`))) {
    if (launcher.exitCode !== null) throw new Error(`bin/start ended:\n${readFileSync(logFile, 'utf8')}`);
    await sleep(5);
  }
  const taken = performance.now() - startedAt;
  launcher.stdin!.end();
  await once(launcher, 'exit');
  return taken;
}
