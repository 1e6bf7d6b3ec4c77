import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface ProgramOptions {
  /** Compiled script, and its arguments. */
  command: [script: string, ...args: string[]];
  env: NodeJS.ProcessEnv;
  /** Everything that it prints goes there. */
  logFile: string;
  cwd: string;
}

/** A Node.js process beside this one, in the same process group: whoever ends that ends them all. */
export class Program {
  private constructor(
    readonly process: ChildProcess,
    private readonly logFile: string,
  ) {}

  static start({ command: [script, ...args], env, logFile, cwd }: ProgramOptions): Program {
    const log = openSync(logFile, 'a');
    const child = fork(script, args, {
      cwd,
      env,
      execArgv: ['--enable-source-maps'],
      stdio: ['ignore', log, log, 'ipc'],
    });
    closeSync(log);
    return new Program(child, logFile);
  }

  /** Resolves with the milliseconds until this address answered 200. */
  async answers(url: string): Promise<number> {
    const startedAt = performance.now();
    for (;;) {
      if (this.process.exitCode !== null) throw new Error(`a program ended:\n${readFileSync(this.logFile, 'utf8')}`);
      if (await isOk(url)) return performance.now() - startedAt;
      await sleep(5);
    }
  }

  /** Resident memory, in MB. */
  rss(): number {
    const status = readFileSync(`/proc/${this.process.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
  }

  /** Resolves with the exit code, or null after a signal. */
  async ended(): Promise<number | null> {
    const { exitCode, signalCode } = this.process;
    if (exitCode === null && signalCode === null) await once(this.process, 'exit');
    return this.process.exitCode;
  }

  async kill(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.ended();
  }

  async stop(): Promise<void> {
    this.process.kill('SIGTERM');
    const timer = setTimeout(() => this.process.kill('SIGKILL'), 15_000);
    await this.ended();
    clearTimeout(timer);
  }
}

export async function isOk(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
