import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';

import { SetupError } from './console.mjs';
import { ROOT } from './folders.mjs';

/** Paths in the environment are meant from where the command was given; the application runs in the project's folder. */
export function environment() {
  const env = { ...process.env };
  for (const name of ['EZ_CONFIG_FILE', 'EZ_DATA_DIR']) {
    if (env[name]) env[name] = path.resolve(env[name]);
  }
  return env;
}

/**
 * As the application will read it, so that the two cannot disagree about what is configured.
 * @param {NodeJS.ProcessEnv} env
 */
export async function readConfig(env) {
  // Only now, because it has to be built first.
  const { loadConfig } = await import(path.join(ROOT, 'dist', 'src', 'config', 'load-config.js'));
  return loadConfig(env, ROOT);
}

/** @param {string} folder */
export function requireWritable(folder) {
  try {
    fs.mkdirSync(folder, { recursive: true });
    fs.accessSync(folder, fs.constants.W_OK);
  } catch (error) {
    throw new SetupError(
      `the data folder cannot be used: ${error.message}`,
      'set EZ_DATA_DIR to a folder that you may write',
    );
  }
}
