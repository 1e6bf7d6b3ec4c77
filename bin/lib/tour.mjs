import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';

import { explain, say, SetupError } from './console.mjs';
import { ROOT } from './folders.mjs';
import { build, installDependencies } from './install.mjs';
import { freePort, orderToStop, spawnGuarded } from './processes.mjs';
import { startServices } from './services.mjs';
import { AdminApi } from './tour/admin-api.mjs';
import { Page } from './tour/page.mjs';

const EXPORT = path.join(ROOT, 'test', 'fixtures', 'newapi-export.json');
const work = fs.mkdtempSync(path.join(os.tmpdir(), 'ez-api-tour-'));
/** What must be undone at the end, in the order in which it was done. @type {(() => unknown)[]} */
const undo = [() => fs.rmSync(work, { recursive: true, force: true })];

/** @returns {Promise<number>} the exit code */
async function tour() {
  await installDependencies();
  await build();
  // PostgreSQL may have to run as another user than us, and must find its folder.
  fs.chmodSync(work, 0o711);
  const services = await startServices(work, { throwaway: true, postgres: true, redis: true });
  undo.push(services.stop);
  const { url, token } = await startGateway(services.env);
  const redis = await connectRedis(services.env);
  undo.push(() => redis.disconnect());

  // Only now, because it has to be installed first.
  const { tellStory } = await import('./tour/story.mjs');
  const page = new Page((text) => process.stdout.write(text));
  await tellStory({ api: new AdminApi(url, token), redis, page, exported: fs.readFileSync(EXPORT, 'utf8') });
  page.line();
  page.line(
    page.failed === 0
      ? `All ${page.checked} expectations held.`
      : `${page.failed} of ${page.checked} expectations failed.`,
  );
  return page.failed === 0 ? 0 : 1;
}

/**
 * The server itself, on a free port. Nothing that is configured for another gateway reaches it.
 * @param {Record<string, string>} servers
 */
async function startGateway(servers) {
  const port = await freePort();
  const token = randomBytes(24).toString('base64url');
  const configFile = path.join(work, 'config.yaml');
  const logFile = path.join(work, 'gateway.log');
  fs.writeFileSync(configFile, '{}\n');
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('EZ_') && name !== 'NODE_ENV');
  const log = fs.openSync(logFile, 'a');
  const gateway = spawnGuarded(process.execPath, [path.join(ROOT, 'dist', 'src', 'main.js'), 'serve', '--migrate'], {
    cwd: work,
    output: log,
    env: {
      ...Object.fromEntries(inherited),
      ...servers,
      EZ_CONFIG_FILE: configFile,
      EZ_DATA_DIR: work,
      EZ_API_PORT: String(port),
      EZ_ADMIN_TOKEN: token,
    },
  });
  fs.closeSync(log);
  undo.push(gateway.stop);
  const url = `http://127.0.0.1:${port}`;
  await untilReady(url, gateway, logFile);
  return { url, token };
}

/**
 * @param {string} url
 * @param {import('./processes.mjs').Guarded} gateway
 * @param {string} logFile
 */
async function untilReady(url, gateway, logFile) {
  for (const deadline = Date.now() + 60_000; ; await sleep(20)) {
    const answer = await globalThis.fetch(`${url}/health/ready`).catch(() => undefined);
    if (answer?.ok) return;
    if (gateway.hasExited() || Date.now() > deadline) {
      const lines = fs.readFileSync(logFile, 'utf8').trim().split('\n').slice(-3);
      throw new SetupError(
        `the gateway did not start: ${lines.join(' | ')}`,
        'start it with bin/start and read what it says',
      );
    }
  }
}

/** @param {Record<string, string>} servers */
async function connectRedis({ EZ_REDIS_ADDR, EZ_REDIS_PASSWORD }) {
  const { Redis } = await import('ioredis');
  const [host, port] = EZ_REDIS_ADDR.split(':');
  return new Redis({ host, port: Number(port), password: EZ_REDIS_PASSWORD });
}

let exitCode = 1;
try {
  exitCode = await Promise.race([tour(), orderToStop().then(() => 130)]);
} catch (error) {
  explain(error);
} finally {
  for (const step of undo.toReversed()) await step();
}
if (exitCode === 130) say('stopped');
process.exit(exitCode);
