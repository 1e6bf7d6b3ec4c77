import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';

import { explain, say } from './console.mjs';
import { ROOT } from './folders.mjs';
import { build, installDependencies } from './install.mjs';
import { orderToStop, spawnGuarded, stopTheRest } from './processes.mjs';
import { startServices } from './services.mjs';

const JEST = path.join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js');
const startedAt = performance.now();
const work = fs.mkdtempSync(path.join(os.tmpdir(), 'ez-api-test-'));
/** What must be undone at the end, in the order in which it was done. @type {(() => unknown)[]} */
const undo = [() => fs.rmSync(work, { recursive: true, force: true }), stopTheRest];
const totals = { passed: 0, failed: 0 };

/** @param {string[]} jestArguments @returns {Promise<number>} the exit code */
async function test(jestArguments) {
  await installDependencies();
  if (jestArguments.length > 0) {
    await build();
    return runJest('the tests', jestArguments, await startServers());
  }
  if ((await runStep('format, lint and types', 'npm', ['run', '-s', 'check'])) !== 0) return 1;
  await build();
  if ((await runJest('the unit tests', ['--selectProjects', 'unit'], {})) !== 0) return 1;
  return runJest('the end-to-end tests', ['--selectProjects', 'e2e'], await startServers());
}

/** Servers for these tests alone, unless EZ_PG_DSN and EZ_REDIS_ADDR name others; a configuration file is for serving only. */
async function startServers() {
  // PostgreSQL may have to run as another user than us, and must find its folder.
  fs.chmodSync(work, 0o711);
  const services = await startServices(work, {
    throwaway: true,
    postgres: !process.env.EZ_PG_DSN,
    redis: !process.env.EZ_REDIS_ADDR,
  });
  undo.push(services.stop);
  return services.env;
}

/**
 * @param {string} name
 * @param {string[]} args
 * @param {Record<string, string>} env
 */
async function runJest(name, args, env) {
  const results = path.join(work, 'results.json');
  const options = ['--json', `--outputFile=${results}`, ...args];
  const code = await runStep(name, process.execPath, [JEST, ...options], {
    ...env,
    NODE_OPTIONS: '--experimental-vm-modules --no-warnings',
  });
  addToTotals(results);
  return code;
}

/**
 * @param {string} name
 * @param {string} command
 * @param {string[]} args
 * @param {Record<string, string>} [env]
 */
async function runStep(name, command, args, env) {
  say(`running ${name}`);
  const step = spawnGuarded(command, args, { cwd: ROOT, env: { ...process.env, ...env } });
  undo.push(step.stop);
  const code = await step.exited;
  if (code !== 0) say(`${name} failed, see above`);
  return code;
}

/** Absent after arguments that only ask jest a question, like --help. @param {string} file */
function addToTotals(file) {
  if (!fs.existsSync(file)) return;
  const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites } = JSON.parse(fs.readFileSync(file, 'utf8'));
  totals.passed += numPassedTests;
  totals.failed += numFailedTests + numRuntimeErrorTestSuites;
  fs.rmSync(file);
}

let exitCode = 1;
try {
  exitCode = await Promise.race([test(process.argv.slice(2)), orderToStop().then(() => 130)]);
} catch (error) {
  explain(error);
} finally {
  for (const step of undo.toReversed()) await step();
}
// A failure outside the tests must not read as a success.
if (exitCode !== 0 && totals.failed === 0) totals.failed = 1;
say(`took ${Math.round((performance.now() - startedAt) / 1000)} s`);
process.stdout.write(`${totals.passed} passed, ${totals.failed} failed\n`);
process.exit(exitCode);
