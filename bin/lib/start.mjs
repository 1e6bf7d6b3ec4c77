import path from 'node:path';
import process from 'node:process';

import { explain } from './console.mjs';
import { lockDataFolder } from './data-lock.mjs';
import { ROOT } from './folders.mjs';
import { build, installDependencies } from './install.mjs';
import { orderToStop, spawnGuarded, stopTheRest } from './processes.mjs';
import { noteServers } from './running-servers.mjs';
import { startServices } from './services.mjs';
import { environment, readConfig, requireWritable } from './settings.mjs';

/** What must be undone at the end, in the order in which it was done. @type {(() => unknown)[]} */
const undo = [stopTheRest];

/** @returns {Promise<number>} the exit code */
async function serve() {
  await installDependencies();
  await build();
  const env = environment();
  const { server, postgres, redis } = await readConfig(env);
  requireWritable(server.data_dir);
  lockDataFolder(server.data_dir, server.port);

  const services = await startServices(server.data_dir, {
    throwaway: false,
    postgres: postgres.dsn === '',
    redis: redis.addr === '' && redis.mode !== 'sentinel',
  });
  undo.push(services.stop, noteServers(server.data_dir, services.env));
  const main = path.join(ROOT, 'dist', 'src', 'main.js');
  const application = spawnGuarded(process.execPath, ['--enable-source-maps', main, 'serve', '--migrate'], {
    cwd: ROOT,
    env: { ...env, ...services.env, EZ_DATA_DIR: server.data_dir },
  });
  undo.push(application.stop);
  return Promise.race([application.exited, services.lost]);
}

let exitCode = 1;
try {
  exitCode = await Promise.race([serve(), orderToStop().then(() => 0)]);
} catch (error) {
  explain(error);
} finally {
  for (const step of undo.toReversed()) await step();
}
process.exit(exitCode);
