import { Injectable } from '@nestjs/common';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { DomainError } from '../../common/domain-error.js';
import { Drain } from '../../http/drain.js';

const PERIOD_MS = 1_000;
/** A credential is checked when a stream begins. One that was taken away since sees no more than this; others reconnect. */
const LONGEST_MS = 60_000;
const RECONNECT_MS = 1_000;
const MOST_STREAMS = 200;
/** So that no tenant takes the places of all others. */
const MOST_OF_ONE = 10;

/** Server-sent events (WHATWG HTML, section 9.2): what `read` answers, once a second. */
@Injectable()
export class EventStreams {
  private open = 0;
  private readonly openOf = new Map<number, number>();

  constructor(private readonly drain: Drain) {}

  /** @throws DomainError `too_many_streams` */
  start(name: string, master: number, read: () => Promise<object>): Readable {
    if (this.open >= MOST_STREAMS) throw tooMany(`${MOST_STREAMS} streams`);
    if ((this.openOf.get(master) ?? 0) >= MOST_OF_ONE) throw tooMany(`${MOST_OF_ONE} streams of a master`);
    this.count(master, 1);
    const gone = new AbortController();
    const stream = Readable.from(this.events(name, read, AbortSignal.any([gone.signal, this.drain.signal])), {
      objectMode: false,
    });
    stream.once('close', () => {
      this.count(master, -1);
      gone.abort();
    });
    return stream;
  }

  private count(master: number, by: 1 | -1): void {
    this.open += by;
    const ofMaster = (this.openOf.get(master) ?? 0) + by;
    if (ofMaster > 0) this.openOf.set(master, ofMaster);
    else this.openOf.delete(master);
  }

  private async *events(name: string, read: () => Promise<object>, ended: AbortSignal): AsyncGenerator<string> {
    yield `retry: ${RECONNECT_MS}\n\n`;
    for (const end = performance.now() + LONGEST_MS; performance.now() < end && !ended.aborted;) {
      yield await event(name, read);
      await sleep(PERIOD_MS, undefined, { signal: ended }).catch(() => undefined);
    }
  }
}

const tooMany = (what: string): DomainError =>
  new DomainError('too_many', `This server follows no more than ${what} at once`, {
    code: 'too_many_streams',
    retryAfterSeconds: 5,
  });

/** A failure is an event as well: the status line is long sent. */
async function event(name: string, read: () => Promise<object>): Promise<string> {
  try {
    return `event: ${name}\ndata: ${JSON.stringify(await read())}\n\n`;
  } catch (error) {
    const code = error instanceof DomainError ? error.code : 'internal';
    return `event: problem\ndata: ${JSON.stringify({ code })}\n\n`;
  }
}
