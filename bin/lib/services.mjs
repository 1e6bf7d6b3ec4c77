import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { say } from './console.mjs';
import { preparePostgres } from './postgres.mjs';
import { prepareRedis } from './redis.mjs';

/**
 * @typedef {object} Server
 * @property {string} name
 * @property {string} logFile
 * @property {() => Promise<import('./processes.mjs').Guarded>} start
 * @property {Record<string, string>} env what the application needs to know to reach it
 */

/**
 * Starts servers of our own below `folder`.
 * @param {string} folder
 * @param {{ postgres: boolean, redis: boolean, throwaway: boolean }} wanted
 */
export async function startServices(folder, { postgres, redis, throwaway }) {
  const servers = [];
  if (postgres) servers.push(preparePostgres({ folder: path.join(folder, 'postgres'), throwaway }));
  if (redis) servers.push(prepareRedis({ folder: path.join(folder, 'redis'), throwaway }));
  const running = await Promise.all(servers.map(async (server) => keepRunning(await server)));
  return {
    env: Object.assign({}, ...running.map(({ env }) => env)),
    /** Never resolves; rejects when a server died and cannot be started again. */
    lost: Promise.race([new Promise(() => undefined), ...running.map(({ lost }) => lost)]),
    stop: () => Promise.all(running.map(({ stop }) => stop())),
  };
}

/** @param {Server} server */
async function keepRunning(server) {
  let current = await server.start();
  let stopping = false;
  const watch = async () => {
    for (;;) {
      await current.exited;
      if (stopping) return new Promise(() => undefined);
      say(`${server.name} stopped unexpectedly (see ${server.logFile}); starting it again`);
      await sleep(1000);
      current = await server.start();
    }
  };
  return {
    env: server.env,
    lost: watch(),
    stop: () => {
      stopping = true;
      return current.stop();
    },
  };
}
