import { spawnSync } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';

import { explain } from './console.mjs';
import { ROOT } from './folders.mjs';
import { build, installDependencies } from './install.mjs';
import { notedServers } from './running-servers.mjs';
import { environment, readConfig } from './settings.mjs';

try {
  await installDependencies();
  await build();
  const env = environment();
  const { server } = await readConfig(env);
  const main = path.join(ROOT, 'dist', 'src', 'main.js');
  // A second server is nothing that anybody starts by saying nothing.
  const words = process.argv.length > 2 ? process.argv.slice(2) : ['--help'];
  const { status } = spawnSync(process.execPath, ['--enable-source-maps', main, ...words], {
    cwd: ROOT,
    // What is configured goes first.
    env: { ...notedServers(server.data_dir), ...env, EZ_DATA_DIR: server.data_dir },
    stdio: 'inherit',
  });
  process.exitCode = status ?? 1;
} catch (error) {
  explain(error);
  process.exitCode = 1;
}
