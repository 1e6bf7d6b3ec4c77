import { setTimeout as sleep } from 'node:timers/promises';
import type { Http } from '../../support/http.js';
import { now, type History } from './history.js';
import { chooseWrite, type Write } from './operations.js';
import type { Random } from './random.js';
import { World } from './world.js';

export interface LoadOptions {
  writers?: number;
  /** The longest pause of a writer between two writes. */
  pauseMs?: number;
  /** How many of them ask to wait until Redis has it. */
  waiting?: number;
}

/** Patience of a client; the server's own is shorter. */
const GIVE_UP_MS = 30_000;

let requests = 0;

/** Operators who change everything that can be changed, at random, and write down what they were told. */
export class Load {
  readonly world = new World();
  private isStopping = false;
  private readonly writers: Promise<void>[] = [];

  constructor(
    private readonly history: History,
    private readonly random: Random,
  ) {}

  /** `servers` are asked for each request, so that writers follow those that still serve. */
  start(servers: () => readonly Http[], { writers = 3, pauseMs = 15, waiting = 0.1 }: LoadOptions = {}): void {
    this.isStopping = false;
    for (let i = 0; i < writers; i++) this.writers.push(this.write(servers, this.random.fork(), { pauseMs, waiting }));
  }

  async stop(): Promise<void> {
    this.isStopping = true;
    await Promise.all(this.writers.splice(0));
  }

  private async write(
    servers: () => readonly Http[],
    random: Random,
    { pauseMs, waiting }: { pauseMs: number; waiting: number },
  ): Promise<void> {
    while (!this.isStopping) {
      const server = random.pick(servers());
      const write = chooseWrite(this.world, random);
      if (server) await send(this.history, server, random.chance(waiting) ? waited(write) : write);
      await sleep(random.int(0, pauseMs));
    }
  }
}

const waited = (write: Write): Write => ({ ...write, path: `${write.path}?wait=applied&timeout_ms=1500` });

/** One request, in the history with what was answered. @returns the status; null: there was no answer */
export async function send(
  history: History,
  server: Http,
  { method, path, body, done }: Write,
): Promise<number | null> {
  const request_id = `fault-${process.pid}-${++requests}`;
  const sent = now();
  const late = sleep(GIVE_UP_MS, undefined, { ref: false });
  const answer = await Promise.race([
    server.send(method, path, body, { 'X-Request-ID': request_id }).catch(() => undefined),
    late,
  ]);
  const status = answer?.status ?? null;
  history.add({
    type: 'write',
    sent,
    answered: now(),
    request_id,
    request: `${method} ${path}`,
    status,
    version: answer?.headers.get('EZ-Config-Version') ?? null,
    propagation: answer?.headers.get('EZ-Propagation') ?? null,
  });
  if (answer && answer.status < 300) done?.(answer.body);
  return status;
}
