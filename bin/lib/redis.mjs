import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';

import { freePort, spawnGuarded, waitForPredecessor, waitUntilReady } from './processes.mjs';
import { findRedis } from './redis-binary.mjs';

const NAME = 'Redis';

/**
 * A server of our own in `folder`. Its password stands in a file, because command lines are visible to everybody.
 * @param {{ folder: string, throwaway: boolean }} options
 * @returns {Promise<import('./services.mjs').Server>}
 */
export async function prepareRedis({ folder, throwaway }) {
  fs.mkdirSync(folder, { recursive: true });
  const { command, env } = await findRedis();
  const port = await freePort();
  const password = readOrCreatePassword(path.join(folder, 'password'));
  const pidFile = path.join(folder, 'redis.pid');
  const logFile = path.join(folder, 'server.log');
  const configFile = path.join(folder, 'redis.conf');

  const start = async () => {
    await waitForPredecessor({ name: NAME, pidFile, commandPart: path.basename(command) });
    fs.writeFileSync(configFile, configuration({ port, password, throwaway }), { mode: 0o600 });
    const log = fs.openSync(logFile, 'a');
    const server = spawnGuarded(command, [configFile], { cwd: folder, output: log, env });
    fs.closeSync(log);
    await waitUntilReady({ name: NAME, logFile, process: server }, () => answersPing(port, password));
    return server;
  };
  return { name: NAME, logFile, start, env: { EZ_REDIS_ADDR: `127.0.0.1:${port}`, EZ_REDIS_PASSWORD: password } };
}

/** @param {string} file */
function readOrCreatePassword(file) {
  if (!fs.existsSync(file)) fs.writeFileSync(file, randomBytes(24).toString('base64url'), { mode: 0o600 });
  return fs.readFileSync(file, 'utf8');
}

/** Its working folder is the data folder, so paths are relative and need no quoting. */
function configuration({ port, password, throwaway }) {
  const persistence = throwaway ? ['save ""'] : ['save 300 1', 'save 60 100'];
  return [
    'bind 127.0.0.1',
    `port ${port}`,
    `requirepass ${password}`,
    'pidfile redis.pid',
    'maxmemory-policy noeviction',
    `databases ${throwaway ? 64 : 16}`,
    ...persistence,
    '',
  ].join('\n');
}

/**
 * Listening is not enough: while it loads its data, Redis refuses commands.
 * @param {number} port
 * @param {string} password
 * @returns {Promise<boolean>}
 */
function answersPing(port, password) {
  return new Promise((resolve) => {
    const socket = net.connect({ host: '127.0.0.1', port, timeout: 1000 });
    let answer = '';
    socket.on('connect', () => socket.write(`AUTH ${password}\r\nPING\r\n`));
    socket.on('data', (chunk) => {
      answer += chunk.toString();
      if (answer.split('\r\n').length > 2) socket.end();
    });
    socket.on('timeout', () => socket.destroy());
    socket.on('error', () => socket.destroy());
    socket.on('close', () => resolve(answer.includes('+PONG')));
  });
}
