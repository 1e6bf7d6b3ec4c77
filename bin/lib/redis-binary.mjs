import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';

import { say, SetupError } from './console.mjs';
import { ROOT } from './folders.mjs';
import { findOnPath, run } from './processes.mjs';

const OLDEST_MAJOR = 6;
const UNPACKED = path.join(ROOT, 'data', 'redis-server');

/** @typedef {{ command: string, env: NodeJS.ProcessEnv }} RedisBinary */

/**
 * A real server: from PATH, else from the distribution's package, unpacked into our own folder, which needs no root.
 * @returns {Promise<RedisBinary>}
 */
export async function findRedis() {
  for (const name of ['redis-server', 'valkey-server']) {
    const command = findOnPath(name);
    if (command && isUsable({ command, env: process.env })) return { command, env: process.env };
  }
  if (isUsable(unpackedServer())) return unpackedServer();
  try {
    await unpackFromDistribution();
  } catch (error) {
    throw new SetupError(
      `no Redis ${OLDEST_MAJOR} or later is on PATH, and none could be unpacked from the distribution: ${error.message}`,
      'install one (apt-get install redis-server, or brew install redis), or set EZ_REDIS_ADDR to a server of yours',
    );
  }
  return unpackedServer();
}

/** @param {RedisBinary} binary */
function isUsable({ command, env }) {
  const { status, stdout } = spawnSync(command, ['--version'], { env, encoding: 'utf8' });
  return status === 0 && Number(/v=(\d+)/.exec(stdout)?.[1]) >= OLDEST_MAJOR;
}

/** @returns {RedisBinary} */
function unpackedServer() {
  const libraries = ['usr/lib', 'lib']
    .map((folder) => path.join(UNPACKED, folder))
    .filter((folder) => fs.existsSync(folder))
    .flatMap((folder) => fs.readdirSync(folder).map((entry) => path.join(folder, entry)));
  const searchPath = [...libraries, process.env.LD_LIBRARY_PATH].filter(Boolean).join(':');
  return {
    command: path.join(UNPACKED, 'usr', 'bin', 'redis-server'),
    env: { ...process.env, LD_LIBRARY_PATH: searchPath },
  };
}

async function unpackFromDistribution() {
  if (!findOnPath('apt-get') || !findOnPath('dpkg-deb')) throw new Error('this system has no apt-get');
  say("unpacking Redis from the distribution's package");
  fs.mkdirSync(path.dirname(UNPACKED), { recursive: true });
  const work = fs.mkdtempSync(`${UNPACKED}.`);
  const root = path.join(work, 'root');
  try {
    await download(work, []).catch(() => downloadWithOwnLists(work));
    for (const file of fs.readdirSync(work).filter((name) => name.endsWith('.deb'))) {
      await apt('dpkg-deb', ['-x', path.join(work, file), root]);
    }
    fs.rmSync(UNPACKED, { recursive: true, force: true });
    fs.renameSync(root, UNPACKED);
  } finally {
    fs.rmSync(work, { recursive: true, force: true });
  }
  if (!isUsable(unpackedServer())) throw new Error('its package does not run here, or is too old');
}

/**
 * Asks apt what an installation would add to this machine, and downloads just that.
 * @param {string} work
 * @param {string[]} options
 */
async function download(work, options) {
  const plan = await apt('apt-get', [...options, '--simulate', '--no-install-recommends', 'install', 'redis-server']);
  const packages = [...plan.matchAll(/^Inst (\S+)/gm)].map((match) => match[1]);
  await apt('apt-get', [...options, '-q', 'download', ...packages], work);
}

/** Fresh images come without package lists, and only root may fill the system's. @param {string} work */
async function downloadWithOwnLists(work) {
  const places = { 'Dir::State::lists': path.join(work, 'lists'), 'Dir::Cache': path.join(work, 'cache') };
  for (const folder of ['lists/partial', 'cache/archives/partial'])
    fs.mkdirSync(path.join(work, folder), { recursive: true });
  const options = Object.entries(places).flatMap(([name, place]) => ['-o', `${name}=${place}`]);
  // As root, apt would download as a user who may not enter our folder.
  options.push('-o', 'APT::Sandbox::User=root', '-o', 'Acquire::http::Timeout=20');
  await apt('apt-get', [...options, '-q', 'update']);
  await download(work, options);
}

/**
 * @param {string} command
 * @param {string[]} args
 * @param {string} [cwd]
 * @returns {Promise<string>} what it printed
 */
async function apt(command, args, cwd) {
  const { code, stdout, stderr } = await run(command, args, { cwd, env: { ...process.env, LC_ALL: 'C' } });
  if (code !== 0) throw new Error(stderr.trim().split('\n').at(-1) || `${command} failed`);
  return stdout;
}
