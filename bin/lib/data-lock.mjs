import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';

import { SetupError } from './console.mjs';
import { isRunning } from './processes.mjs';

/**
 * One launcher per data folder, as long as this process lives. A file left by one that was killed is recognised and replaced.
 * @param {string} folder
 * @param {number} port for the refusal of the next one
 */
export function lockDataFolder(folder, port) {
  const file = path.join(folder, 'ez-api.pid');
  const content = JSON.stringify({ pid: process.pid, port });
  if (fs.existsSync(file)) {
    refuseIfRunning(folder, readHolder(file));
    fs.rmSync(file, { force: true });
  }
  // "wx" fails if another one was faster since.
  fs.writeFileSync(file, content, { flag: 'wx' });
  process.once('exit', () => fs.rmSync(file, { force: true }));
}

/** @param {string} file @returns {{ pid?: number, port?: number }} */
function readHolder(file) {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8'));
  } catch {
    return {};
  }
}

function refuseIfRunning(folder, { pid, port }) {
  // Containers give every start the same process id, so our own id means an earlier life.
  if (pid === process.pid || !isRunning(pid, 'start.mjs')) return;
  throw new SetupError(
    `already running on the data folder ${folder} (process ${pid}, port ${port})`,
    `use that one, stop it with: kill ${pid}, or set EZ_DATA_DIR to another folder`,
  );
}
