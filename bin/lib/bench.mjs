import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';

import { explain } from './console.mjs';
import { ROOT } from './folders.mjs';
import { build, installDependencies } from './install.mjs';
import { orderToStop, spawnGuarded } from './processes.mjs';
import { startServices } from './services.mjs';

const work = fs.mkdtempSync(path.join(os.tmpdir(), 'ez-api-bench-'));
/** What must be undone at the end, in the order in which it was done. @type {(() => unknown)[]} */
const undo = [() => fs.rmSync(work, { recursive: true, force: true })];

/** @param {string[]} names @returns {Promise<number>} the exit code */
async function bench(names) {
  await installDependencies();
  await build();
  // PostgreSQL may have to run as another user than us, and must find its folder.
  fs.chmodSync(work, 0o711);
  // Thrown away in the end, but set up like those that are kept: a commit waits for the disk.
  const services = await startServices(work, { throwaway: false, postgres: true, redis: true });
  undo.push(services.stop);
  const main = path.join(ROOT, 'dist', 'bench', 'main.js');
  const benchmarks = spawnGuarded(process.execPath, [main, work, ...names], {
    cwd: ROOT,
    env: { ...process.env, ...services.env },
  });
  undo.push(benchmarks.stop);
  return Promise.race([benchmarks.exited, services.lost]);
}

let exitCode = 1;
try {
  exitCode = await Promise.race([bench(process.argv.slice(2)), orderToStop().then(() => 130)]);
} catch (error) {
  explain(error);
} finally {
  for (const step of undo.toReversed()) await step();
}
process.exit(exitCode);
