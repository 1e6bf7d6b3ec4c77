import type { Redis } from 'ioredis';
import { once } from 'node:events';
import net from 'node:net';

/** One command that the server has run, by itself or in a script. */
export interface Seen {
  db: number;
  words: string[];
}

/** MONITOR on a socket of its own: ioredis fails when the first commands arrive together with the answer to MONITOR. */
export class Monitor {
  readonly seen: Seen[] = [];
  private rest = '';

  private constructor(private readonly socket: net.Socket) {
    socket.setEncoding('utf8').on('data', (text: string) => this.read(text));
  }

  static async of({ options }: Redis): Promise<Monitor> {
    const { host, port, password } = options;
    const socket = net.connect(port!, host);
    await once(socket, 'connect');
    const monitor = new Monitor(socket);
    if (password) socket.write(`AUTH ${password}\r\n`);
    socket.write('MONITOR\r\n');
    return monitor;
  }

  stop(): void {
    this.socket.destroy();
  }

  private read(text: string): void {
    const lines = (this.rest + text).split('\r\n');
    this.rest = lines.pop()!;
    for (const line of lines) {
      const [, db, words] = /^\+[\d.]+ \[(\d+) [^\]]*\] (.*)$/.exec(line) ?? [];
      if (words)
        this.seen.push({ db: Number(db), words: [...words.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, word]) => word!) });
    }
  }
}
