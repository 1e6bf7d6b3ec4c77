import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { setInterval } from 'node:timers';
import { setTimeout as sleep } from 'node:timers/promises';

import { SetupError } from './console.mjs';

const GUARD = path.join(import.meta.dirname, 'guard.sh');

/** @type {Set<Guarded>} */
const running = new Set();

/**
 * @typedef {object} Guarded
 * @property {import('node:child_process').ChildProcess} child
 * @property {Promise<number>} exited the exit code, 128 + signal number for a signal
 * @property {() => boolean} hasExited
 * @property {() => Promise<number>} stop
 */

/**
 * Starts a process that cannot outlive this one, however this one ends. It gets a session of its own, so that Ctrl-C in the
 * terminal reaches only us and we decide what stops first.
 * @param {string} command
 * @param {string[]} args
 * @param {import('node:child_process').SpawnOptions & { stopSignal?: string, output?: 'inherit' | 'pipe' | number }} [options]
 * @returns {Guarded}
 */
export function spawnGuarded(command, args, { stopSignal = 'TERM', output = 'inherit', ...options } = {}) {
  const child = spawn('/bin/sh', [GUARD, stopSignal, command, ...args], {
    ...options,
    detached: true,
    stdio: ['pipe', output, output],
  });
  // A guard that has just ended makes closing its pipe fail, which is as good.
  child.stdin.on('error', () => undefined);
  const exited = new Promise((resolve, reject) => {
    child.once('exit', (code, signal) => resolve(code ?? 128 + os.constants.signals[signal]));
    child.once('error', reject);
  });
  const guarded = {
    child,
    exited,
    hasExited: () => child.exitCode !== null || child.signalCode !== null,
    stop: () => {
      child.stdin.end();
      return exited;
    },
  };
  running.add(guarded);
  child.once('exit', () => running.delete(guarded));
  return guarded;
}

/** Whatever was still being set up when we were asked to stop. */
export async function stopTheRest() {
  await Promise.all([...running].map((guarded) => guarded.stop()));
}

/** Resolves with the signal that asks us to stop. @returns {Promise<NodeJS.Signals>} */
export function orderToStop() {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => resolve(signal));
    // npm passes signals on, but nothing tells us that npm itself was killed.
    const npm = process.env.npm_lifecycle_event && process.ppid;
    if (npm) setInterval(() => process.ppid !== npm && resolve('SIGHUP'), 500).unref();
  });
}

/**
 * Runs a command to its end and keeps what it printed.
 * @param {string} command
 * @param {string[]} args
 * @param {import('node:child_process').SpawnOptions & { stopSignal?: string }} [options]
 */
export async function run(command, args, options) {
  const { child, exited } = spawnGuarded(command, args, { ...options, output: 'pipe' });
  const [code, stdout, stderr] = await Promise.all([exited, text(child.stdout), text(child.stderr)]);
  return { code, stdout, stderr };
}

/** @param {string} command */
export function findOnPath(command) {
  return (process.env.PATH ?? '')
    .split(path.delimiter)
    .map((folder) => path.join(folder, command))
    .find((file) => isExecutable(file));
}

/** @param {string} file */
function isExecutable(file) {
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return fs.statSync(file).isFile();
  } catch {
    return false;
  }
}

/** @returns {Promise<number>} */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/**
 * A process id alone proves nothing: ids are reused, and a zombie still has one. The command line must match, too.
 * @param {number} pid
 * @param {string} commandPart
 */
export function isRunning(pid, commandPart) {
  return Number.isInteger(pid) && commandLine(pid).includes(commandPart);
}

/** @param {number} pid */
function commandLine(pid) {
  if (process.platform !== 'linux') {
    return spawnSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).stdout ?? '';
  }
  try {
    return fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

/**
 * The servers of a launcher that was killed need a moment to stop; two of them on one folder would destroy it.
 * @param {{ name: string, pidFile: string, commandPart: string }} server
 */
export async function waitForPredecessor({ name, pidFile, commandPart }) {
  if (!fs.existsSync(pidFile)) return;
  const pid = Number.parseInt(fs.readFileSync(pidFile, 'utf8'), 10);
  for (const deadline = Date.now() + 30_000; isRunning(pid, commandPart); await sleep(50)) {
    if (Date.now() > deadline) {
      throw new SetupError(
        `another ${name} (process ${pid}) still runs on ${path.dirname(pidFile)}`,
        `stop it: kill -INT ${pid}`,
      );
    }
  }
}

/**
 * @param {{ name: string, logFile: string, process: Guarded }} server
 * @param {() => boolean | Promise<boolean>} isReady
 */
export async function waitUntilReady({ name, logFile, process: server }, isReady) {
  // Minutes, because PostgreSQL after a power failure first replays its log.
  for (const deadline = Date.now() + 300_000; !(await isReady()); await sleep(10)) {
    if (server.hasExited() || Date.now() > deadline) {
      const lastLines = fs.readFileSync(logFile, 'utf8').trim().split('\n').slice(-3).join(' | ');
      throw new SetupError(`${name} did not start: ${lastLines}`, `read ${logFile}`);
    }
  }
}
