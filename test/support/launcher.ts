import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** bin/start as somebody at a keyboard starts it, from a folder that is not the project's. */
export class Launcher {
  private readonly child: ChildProcess;
  readonly exited: Promise<Exit>;
  /** All that was printed so far. */
  output = '';

  constructor(
    readonly port: number,
    readonly dataDir: string,
    env: Record<string, string> = {},
  ) {
    const { PATH = '', HOME = '' } = process.env;
    this.child = spawn(resolve('bin/start'), {
      cwd: tmpdir(),
      env: { PATH, HOME, EZ_API_PORT: String(port), EZ_DATA_DIR: dataDir, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const keep = (text: Buffer): void => void (this.output += text.toString());
    this.child.stdout!.on('data', keep);
    this.child.stderr!.on('data', keep);
    this.exited = new Promise((done) => this.child.once('exit', (code, signal) => done({ code, signal })));
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.child.pid!;
  }

  async untilServing(): Promise<void> {
    await until(async () => (await isAlive(this.url)) || this.child.exitCode !== null);
    if (this.child.exitCode !== null) throw new Error(`bin/start ended with ${this.child.exitCode}: ${this.output}`);
  }

  stop(signal: NodeJS.Signals): Promise<Exit> {
    this.child.kill(signal);
    return this.exited;
  }
}

async function isAlive(url: string): Promise<boolean> {
  const answer = await fetch(`${url}/health/live`).catch(() => undefined);
  return answer?.ok ?? false;
}

export async function until(condition: () => boolean | Promise<boolean>, timeoutMs = 90_000): Promise<void> {
  for (const deadline = Date.now() + timeoutMs; !(await condition()); await sleep(20)) {
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain`);
  }
}

/** A data folder, and what to do with it afterwards. */
export function temporaryFolder(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'ez-api-start-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

export async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  server.close();
  return port;
}

/** Command lines of the processes that have `word` in theirs or in their environment. */
export function processesWith(word: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => readProcess(pid, 'cmdline').includes(word) || readProcess(pid, 'environ').includes(word))
    .map((pid) => `${pid} ${readProcess(pid, 'cmdline')}`);
}

function readProcess(pid: string, file: 'cmdline' | 'environ'): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}
