import { createHash } from 'node:crypto';
import type { Connection, TcpProxy, Verdict } from '../../support/tcp-proxy.js';
import type { ServerProcess } from '../../support/server-process.js';
import type { Message } from '../../support/wire.js';

/** A step of a write or of the dispatcher, by what it says on the wire. */
export interface CrashPoint {
  /** Completes "a server that dies …". */
  name: string;
  at: 'PostgreSQL' | 'Redis';
  /** Whether this message is the one. */
  isIt: (words: Words) => boolean;
  /** Whether the message still arrives: then its effect is there, and its answer is not. */
  arrives: boolean;
}

/** What is known about a message. */
export interface Words {
  says: string;
  /** Of Redis: the name of the script that is run. */
  script: string | undefined;
  /** Carries many things. A heartbeat is an APPLY too, and carries none. */
  isBig: boolean;
  /** How many messages like this one there were since the point was set, this one included. */
  nth: number;
  /** Whether a version was taken on this connection since it last committed. */
  isSealed: boolean;
}

const SEAL = 'UPDATE sync_head SET version = version + 1';

const MANY_BYTES = 8_000;

/** Between servers and one store: does something to a server at a chosen message. */
export class CrashWatch {
  private readonly scripts = new Map<string, string>();
  private readonly sealed = new WeakSet<Connection>();
  private readonly counts = new Map<string, number>();
  private point: CrashPoint | undefined;
  private isDead = false;
  private act: (connection: Connection) => void = () => undefined;
  private reached: (() => void) | undefined;

  constructor(proxy: TcpProxy) {
    proxy.judge = (message, connection) => this.judge(message, connection);
  }

  /** Kills `server` there. @returns when that has happened */
  async killAt(point: CrashPoint, server: ServerProcess): Promise<void> {
    await this.at(point, () => {
      this.isDead = true;
      server.signal('SIGKILL');
    });
    await server.end('SIGKILL');
    this.isDead = false;
  }

  /**
   * Stops `server` there, with the message under way: it arrives when the server goes on, as if it had been in the network.
   * @returns what lets both go on
   */
  async sleepAt(point: CrashPoint, server: ServerProcess): Promise<() => void> {
    let underWay: Connection | undefined;
    await this.at({ ...point, arrives: true }, (connection) => {
      server.signal('SIGSTOP');
      if (!point.arrives) connection.hold();
      underWay = connection;
    });
    return () => {
      underWay?.letGo();
      server.signal('SIGCONT');
    };
  }

  /** Does something there, once. @returns when that has happened */
  private at(point: CrashPoint, act: (connection: Connection) => void): Promise<void> {
    this.point = point;
    this.act = act;
    this.counts.clear();
    return new Promise((resolve) => (this.reached = resolve));
  }

  private judge({ says, bytes }: Message, connection: Connection): Verdict {
    // What a dead process had yet to read from its buffers is not sent.
    if (this.isDead) return 'drop';
    const words = this.wordsOf(says, bytes, connection);
    const { point } = this;
    if (!point?.isIt(words)) return 'pass';
    this.point = undefined;
    this.act(connection);
    this.reached?.();
    return point.arrives ? 'pass' : 'drop';
  }

  private wordsOf(says: string, bytes: Buffer, connection: Connection): Words {
    if (says.includes(SEAL)) this.sealed.add(connection);
    const isSealed = this.sealed.has(connection);
    if (isCommit(says)) this.sealed.delete(connection);
    const script = this.scriptOf(says);
    const isBig = bytes.length > MANY_BYTES;
    const like = `${script ?? says} ${isBig}`;
    const nth = (this.counts.get(like) ?? 0) + 1;
    this.counts.set(like, nth);
    return { says, script, isBig, nth, isSealed };
  }

  /** A script names itself in its text, which has to be sent once before its hash will do. */
  private scriptOf(says: string): string | undefined {
    if (says.startsWith('EVALSHA ')) return this.scripts.get(says.slice('EVALSHA '.length));
    if (!says.startsWith('EVAL ')) return undefined;
    const name = /^-- ([A-Z]+): /m.exec(says)?.[1];
    const sha = createHash('sha1').update(says.slice('EVAL '.length), 'latin1').digest('hex');
    if (name) this.scripts.set(sha, name);
    return name;
  }
}

const isCommit = (says: string): boolean => /^Q....COMMIT\b/s.test(says) || /^P....[^\0]*\0COMMIT\b/s.test(says);

/* Steps of a write. */

export const WRITE_POINTS: readonly CrashPoint[] = [
  { name: 'before its version is taken', at: 'PostgreSQL', isIt: ({ says }) => says.includes(SEAL), arrives: false },
  { name: 'after its version is taken, before COMMIT is sent', at: 'PostgreSQL', isIt: isSealedCommit, arrives: false },
  { name: 'after COMMIT is sent, before its answer', at: 'PostgreSQL', isIt: isSealedCommit, arrives: true },
];

function isSealedCommit({ says, isSealed }: Words): boolean {
  return isSealed && isCommit(says);
}

/* Steps of the dispatcher. */

const onRedis = (name: string, script: string, nth: number, arrives: boolean): CrashPoint => ({
  name,
  at: 'Redis',
  isIt: (words) => words.script === script && words.nth === nth && words.isBig === MANY.has(script),
  arrives,
});

/** Sent in chunks of which those that matter are full. */
const MANY = new Set(['APPLY', 'STAGE', 'RECORDS']);

/** While a change of three chunks is on its way. */
export const APPLY_POINTS: readonly CrashPoint[] = [
  onRedis('after reading what changed, before the first APPLY', 'APPLY', 1, false),
  onRedis('after the first chunk of an APPLY', 'APPLY', 1, true),
  onRedis('between two chunks of an APPLY', 'APPLY', 2, false),
  onRedis('after the last chunk but one, before the marker is raised', 'APPLY', 2, true),
  onRedis('after the marker is raised, before the answer', 'APPLY', 3, true),
];

/** While a full snapshot is made of a Redis that has lost its data. */
export const SNAPSHOT_POINTS: readonly CrashPoint[] = [
  onRedis('before the first full STAGE', 'STAGE', 1, false),
  onRedis('between two chunks of a STAGE', 'STAGE', 2, false),
  onRedis('among the records of a snapshot', 'RECORDS', 1, true),
  onRedis('before SWAP', 'SWAP', 1, false),
  onRedis('after SWAP, before its answer', 'SWAP', 1, true),
];

/** While what nothing explains is taken away. */
export const COLLECT_POINTS: readonly CrashPoint[] = [
  onRedis('before COLLECT', 'COLLECT', 1, false),
  onRedis('after COLLECT, before its answer', 'COLLECT', 1, true),
];

export const REPAIR_POINTS: readonly CrashPoint[] = [
  onRedis('before REPAIR', 'REPAIR', 1, false),
  onRedis('after REPAIR, before its answer', 'REPAIR', 1, true),
];
