import fs from 'node:fs';
import path from 'node:path';

/** Where the servers of a data folder can be reached, for as long as they run. It holds their passwords. */
const fileIn = (folder) => path.join(folder, 'servers.json');

/**
 * @param {string} folder
 * @param {Record<string, string>} env
 * @returns {() => void} forgets it again
 */
export function noteServers(folder, env) {
  fs.writeFileSync(fileIn(folder), `${JSON.stringify(env, null, 2)}\n`, { mode: 0o600 });
  return () => fs.rmSync(fileIn(folder), { force: true });
}

/** @param {string} folder @returns {Record<string, string>} nothing if none run */
export function notedServers(folder) {
  return fs.existsSync(fileIn(folder)) ? JSON.parse(fs.readFileSync(fileIn(folder), 'utf8')) : {};
}
