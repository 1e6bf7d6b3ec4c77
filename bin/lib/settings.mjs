import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { parseEnv } from 'node:util';

import { SetupError } from './console.mjs';
import { ROOT } from './folders.mjs';

/**
 * The environment, and `.env` of the project for what it doesn't have. Paths in the environment are meant from where the command was given,
 * those of the file from the folder of the project, in which the application runs.
 */
export function environment(folder = ROOT) {
  const env = { ...process.env };
  for (const name of ['EZ_CONFIG_FILE', 'EZ_DATA_DIR']) {
    if (env[name]) env[name] = path.resolve(env[name]);
  }
  const file = path.join(folder, '.env');
  return fs.existsSync(file) ? { ...parseEnv(fs.readFileSync(file, 'utf8')), ...env } : env;
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
