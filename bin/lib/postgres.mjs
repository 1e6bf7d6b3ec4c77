import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';

import { say, SetupError } from './console.mjs';
import { findPostgres } from './postgres-binaries.mjs';
import { findOnPath, freePort, run, spawnGuarded, waitForPredecessor, waitUntilReady } from './processes.mjs';

const NAME = 'PostgreSQL';
const UNPRIVILEGED = ['unshare', '--user', '--map-user=65534', '--map-group=65534'];
/** The indexes that access logs are written to stay in memory, and are not written out again and again; an eighth of a small machine is enough. */
const KEPT_SETTINGS = [
  `shared_buffers=${Math.max(128, Math.min(512, Math.floor(os.totalmem() / 2 ** 23)))}MB`,
  'max_wal_size=4GB',
];
const THROWAWAY_SETTINGS = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'max_connections=200'];

/**
 * A server of our own in `folder`: `cluster` holds the data, `password` the password of its only user.
 * @param {{ folder: string, throwaway: boolean }} options
 * @returns {Promise<import('./services.mjs').Server>}
 */
export async function preparePostgres({ folder, throwaway }) {
  const cluster = path.join(folder, 'cluster');
  const logFile = path.join(folder, 'server.log');
  const pidFile = path.join(cluster, 'postmaster.pid');
  fs.mkdirSync(folder, { recursive: true });

  const { bin, major } = findPostgres(majorOf(cluster));
  const identity = unprivilegedIdentity(folder, bin);
  if (majorOf(cluster) === undefined) await initialise({ folder, cluster, bin, major, identity });
  const port = await freePort();
  const password = fs.readFileSync(path.join(folder, 'password'), 'utf8');

  const settings = [
    `port=${port}`,
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    ...(throwaway ? THROWAWAY_SETTINGS : KEPT_SETTINGS),
  ];
  const [command, ...args] = [
    ...identity.prefix,
    path.join(bin, 'postgres'),
    '-D',
    cluster,
    ...settings.flatMap((setting) => ['-c', setting]),
  ];
  const start = async () => {
    await waitForPredecessor({ name: NAME, pidFile, commandPart: cluster });
    const predecessor = postmasterIn(pidFile);
    const log = fs.openSync(logFile, 'a');
    // SIGINT is PostgreSQL's fast shutdown; SIGTERM would wait for every client to leave.
    const server = spawnGuarded(command, args, {
      stopSignal: 'INT',
      output: log,
      env: plainEnvironment(),
      ...identity.user,
    });
    fs.closeSync(log);
    await waitUntilReady({ name: NAME, logFile, process: server }, () => isReady(pidFile, predecessor));
    return server;
  };
  return { name: NAME, logFile, start, env: { EZ_PG_DSN: `postgres://ez:${password}@127.0.0.1:${port}/ez` } };
}

/** @param {string} cluster */
function majorOf(cluster) {
  const file = path.join(cluster, 'PG_VERSION');
  return fs.existsSync(file) ? Number.parseInt(fs.readFileSync(file, 'utf8'), 10) : undefined;
}

/**
 * PostgreSQL refuses to run as root. A user namespace makes root look like "nobody" to PostgreSQL alone: the files stay
 * root's and nothing has to be given away. Where namespaces are forbidden, an unprivileged user of the system serves.
 * @param {string} folder
 * @param {string} bin
 * @returns {{ prefix: string[], user: { uid?: number, gid?: number } }}
 */
function unprivilegedIdentity(folder, bin) {
  if (process.getuid?.() !== 0) return { prefix: [], user: {} };
  const [unshare, ...flags] = UNPRIVILEGED;
  if (findOnPath(unshare) && spawnSync(unshare, [...flags, 'true']).status === 0)
    return { prefix: UNPRIVILEGED, user: {} };

  for (const name of ['postgres', 'nobody']) {
    const [uid, gid] = ['-u', '-g'].map((flag) =>
      Number.parseInt(spawnSync('id', [flag, name], { encoding: 'utf8' }).stdout, 10),
    );
    if (!Number.isInteger(uid)) continue;
    spawnSync('chown', ['-R', `${uid}:${gid}`, folder]);
    const canWork = spawnSync('/bin/sh', ['-c', 'test -w "$0" && test -x "$1"', folder, path.join(bin, 'postgres')], {
      uid,
      gid,
    });
    if (canWork.status === 0) return { prefix: [], user: { uid, gid } };
  }
  throw new SetupError(
    'PostgreSQL does not run as root, and here neither a user namespace nor the users postgres and nobody can be used instead',
    'start as an ordinary user, or set EZ_PG_DSN to a server of yours',
  );
}

/** Under another name until it is complete, so that an interrupted first start is simply made again. */
async function initialise({ folder, cluster, bin, major, identity }) {
  say(`initialising ${NAME} ${major} in ${folder}`);
  const unfinished = `${cluster}.unfinished`;
  const passwordFile = path.join(folder, 'password');
  fs.rmSync(unfinished, { recursive: true, force: true });
  fs.writeFileSync(passwordFile, randomBytes(24).toString('base64url'), { mode: 0o600 });
  if (identity.user.uid !== undefined) fs.chownSync(passwordFile, identity.user.uid, identity.user.gid);

  // The built-in locale sorts alike on every system, and needs no locale to be installed.
  const locale = major >= 17 ? ['--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C'] : ['--locale=C'];
  const login = ['--username=ez', '--auth=scram-sha-256', `--pwfile=${passwordFile}`];
  const [command, ...args] = [
    ...identity.prefix,
    path.join(bin, 'initdb'),
    '-D',
    unfinished,
    '--encoding=UTF8',
    ...login,
    ...locale,
  ];
  // initdb looks for a signal only between its steps, and what it leaves unfinished is removed by the next start.
  const { code, stderr } = await run(command, args, {
    stopSignal: 'KILL',
    env: plainEnvironment(),
    ...identity.user,
  });
  if (code !== 0) {
    throw new SetupError(
      `initdb failed: ${stderr.trim()}`,
      `check that ${folder} can be written and has room, or set EZ_PG_DSN`,
    );
  }
  createDatabase({ cluster: unfinished, bin, identity });
  fs.renameSync(unfinished, cluster);
}

/** In single-user mode, which needs neither a port nor a client. */
function createDatabase({ cluster, bin, identity }) {
  const [command, ...args] = [...identity.prefix, path.join(bin, 'postgres'), '--single', '-D', cluster, 'postgres'];
  spawnSync(command, args, { input: 'CREATE DATABASE ez;\n', env: plainEnvironment(), ...identity.user });
}

/** Which process, and since when: a container may give the same number again. @param {string} pidFile */
export function postmasterIn(pidFile) {
  const [pid, , startedAt] = linesOf(pidFile);
  return pid && `${pid} ${startedAt}`;
}

/**
 * A server that was killed has left its file behind, which says what it was; the next one may have to replay its log first.
 * @param {string} pidFile
 * @param {string | undefined} predecessor
 */
export function isReady(pidFile, predecessor) {
  if (postmasterIn(pidFile) === predecessor) return false;
  const state = linesOf(pidFile)[7]?.trim();
  return state === 'ready' || state === 'standby';
}

/** @param {string} pidFile @returns {string[]} */
const linesOf = (pidFile) => (fs.existsSync(pidFile) ? fs.readFileSync(pidFile, 'utf8').split('\n') : []);

/** PGDATA, PGPORT and a locale that is not installed would change what the server does. */
function plainEnvironment() {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(PG|LC_|LANG)/.test(name));
  return { ...Object.fromEntries(inherited), LC_ALL: 'C' };
}
