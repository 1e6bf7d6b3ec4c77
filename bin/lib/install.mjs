import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

import { say, SetupError } from './console.mjs';
import { ROOT } from './folders.mjs';
import { findOnPath, spawnGuarded } from './processes.mjs';

const BUILD_INPUTS = [
  'src',
  'clients',
  'migrations',
  'bench',
  'tsconfig.json',
  'tsconfig.build.json',
  'package-lock.json',
];
const BUILD_STAMP = path.join(ROOT, 'dist', '.built-from');

/** Makes node_modules agree with the lock file; does nothing when it does. */
export async function installDependencies() {
  if (isInstalled()) return;
  if (!findOnPath('npm')) {
    throw new SetupError(
      'npm was not found on PATH',
      'install it together with Node.js: https://nodejs.org/en/download',
    );
  }
  say('installing dependencies (npm ci)');
  // Said explicitly, because NODE_ENV=production would leave out the compiler.
  const everything = ['--include=dev', '--include=optional'];
  const quietly = ['--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error'];
  const code = await runNpm(['ci', ...everything, ...quietly]);
  if (code !== 0) {
    throw new SetupError(
      'npm ci failed, see its output above',
      'check that the npm registry can be reached (npm ping) and that there is room on the disk, then start again',
    );
  }
}

/** Makes dist agree with the sources; does nothing when it does. */
export async function build() {
  const inputs = hashOfInputs();
  if (fs.existsSync(BUILD_STAMP) && fs.readFileSync(BUILD_STAMP, 'utf8') === inputs) return;
  say('building');
  if ((await runNpm(['run', '-s', 'build'])) !== 0) {
    throw new SetupError(
      'the build failed, see its output above',
      'correct the sources, or return to a released state of them',
    );
  }
  fs.writeFileSync(BUILD_STAMP, inputs);
}

/** npm's own record of node_modules, which it writes last, against the lock file. Packages of other platforms are optional. */
function isInstalled() {
  const record = path.join(ROOT, 'node_modules', '.package-lock.json');
  if (!fs.existsSync(record)) return false;
  const installed = readJson(record).packages;
  return Object.entries(readJson(path.join(ROOT, 'package-lock.json')).packages).every(
    ([folder, wanted]) =>
      folder === '' || (installed[folder] ? installed[folder].version === wanted.version : wanted.optional),
  );
}

/** By content, because checkouts and copies change the times of files that have not changed. */
function hashOfInputs() {
  const hash = createHash('sha256');
  for (const file of BUILD_INPUTS.flatMap((input) => filesUnder(path.join(ROOT, input)))) {
    hash
      .update(`${path.relative(ROOT, file)}\0`)
      .update(fs.readFileSync(file))
      .update('\0');
  }
  return hash.digest('hex');
}

/** @param {string} place @returns {string[]} */
function filesUnder(place) {
  if (!fs.existsSync(place)) return [];
  if (fs.statSync(place).isFile()) return [place];
  return fs
    .readdirSync(place, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.spec.ts'))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .toSorted();
}

/** @param {string[]} args */
function runNpm(args) {
  return spawnGuarded('npm', args, { cwd: ROOT, output: 2 }).exited;
}

/** @param {string} file */
function readJson(file) {
  return JSON.parse(fs.readFileSync(file, 'utf8'));
}
