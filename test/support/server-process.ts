import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { ADMIN_TOKEN, TEST_ENVIRONMENT } from './environment.js';
import { Http } from './http.js';

const MAIN = resolve(import.meta.dirname, '../../dist/src/main.js');

/** The real server in a process of its own, so that it can be killed. */
export class ServerProcess {
  private constructor(
    private readonly child: ChildProcess,
    readonly url: string,
    readonly output: string[],
  ) {}

  readonly admin = new Http(this.url, ADMIN_TOKEN);

  static async start(env: Record<string, string>, main = MAIN): Promise<ServerProcess> {
    const child = spawn(process.execPath, [main, 'serve'], {
      cwd: '/',
      env: { PATH: process.env.PATH, ...TEST_ENVIRONMENT, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const output: string[] = [];
    const url = await new Promise<string>((found, failed) => {
      const read = (chunk: Buffer): void => {
        output.push(chunk.toString());
        const match = /serves on (http:\/\/[0-9.:]+)/.exec(output.join(''));
        if (match) found(match[1]!);
      };
      child.stdout.on('data', read);
      child.stderr.on('data', read);
      child.once('exit', (code) => failed(new Error(`the server ended with ${code}: ${output.join('')}`)));
    });
    return new ServerProcess(child, url, output);
  }

  get pid(): number {
    return this.child.pid!;
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** SIGSTOP and SIGCONT, or an end that nobody waits for. */
  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** @returns the exit code, null after a signal that can't be handled */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    if (this.hasEnded) return this.child.exitCode;
    const ended = once(this.child, 'exit');
    this.child.kill(signal);
    const [code] = (await ended) as [number | null];
    return code;
  }
}
