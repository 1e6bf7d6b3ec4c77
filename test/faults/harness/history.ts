import { mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * What happened, in the order in which this process learned of it. Times are milliseconds of one clock. A thing is what Redis
 * holds under one name: `config:keys <field>`, or a whole key like `auth:token:<hash>`. Its value is text; null: not there.
 */
export type Event =
  | BeginEvent
  | { type: 'fault'; at: number; what: string }
  /** While it is being done nobody knows whether what is seen is from before or after. */
  | { type: 'damage'; at: number; things: string[]; isUnderWay?: boolean }
  | WriteEvent
  | SeenEvent
  | StatusEvent
  | VersionEvent
  | GenerationEvent
  | UnversionedEvent
  | UnlistedEvent
  | { type: 'end'; at: number };

/** What a scenario does that an invariant is not about. */
export type Allowance =
  /** PostgreSQL is hindered: writes may be answered 5xx, and then may be committed or not. */
  | 'refusals'
  /** PostgreSQL loses commits that were acknowledged. */
  | 'lost commits';

export interface BeginEvent {
  type: 'begin';
  scenario: string;
  seed: number;
  allows: Allowance[];
}

/** A request that changes something, from when it was sent to when it was answered. */
export interface WriteEvent {
  type: 'write';
  sent: number;
  answered: number;
  request_id: string;
  request: string;
  /** Null: the connection broke, and nobody can say what became of it. */
  status: number | null;
  /** `{gen}.{version}` */
  version: string | null;
  propagation: string | null;
}

export interface SeenMarker {
  gen: string;
  version: string;
  fence: string;
  source: string;
}

export interface Held {
  /** Its own, for whole keys; fields belong to the generation of the marker. */
  gen?: string;
  /** '' without one. */
  version: string;
  value: string | null;
}

/** All of Redis at one moment, as what differs from the moment before. */
export interface SeenEvent {
  type: 'seen';
  begun: number;
  ended: number;
  /** Names the data that this Redis was given; null: it has lost them since. */
  life: string | null;
  marker: SeenMarker | null;
  /** Null: nothing is known of it any more. */
  changed: Record<string, Held | null>;
}

export interface StatusEvent {
  type: 'status';
  at: number;
  state: string;
  reasons: string[];
  pending: number;
  lag_ms: number;
  /** Things that there are, counted afterwards. */
  resources: number;
}

/** A committed version, and what Redis is to hold from then on of the things that it lists. */
export interface VersionEvent {
  type: 'version';
  gen: string;
  version: string;
  /** Rows of the operation log that name this version, written in the same transaction: their request ids. */
  operations: string[];
  /** Request ids of operation-log rows of that transaction that name another version. */
  misnamed: string[];
  things: Record<string, string | null>;
}

/** A generation begins. Of the one before, versions up to `after` still hold. */
export interface GenerationEvent {
  type: 'generation';
  gen: string;
  version: string;
  after: string;
}

/** A transaction that changed configuration without a version. */
export interface UnversionedEvent {
  type: 'unversioned';
  tables: string[];
}

/** A thing that is not as the versions that list it say. */
export interface UnlistedEvent {
  type: 'unlisted';
  gen: string;
  version: string;
  thing: string;
  listed: string | null;
  rendered: string | null;
}

export const now = (): number => Math.round(performance.now() * 1000) / 1000;

export class History {
  readonly events: Event[] = [];
  /** When somebody was last told that Redis has it. */
  promisedAt = 0;

  add(event: Event): void {
    this.events.push(event);
    if (event.type === 'write' && event.propagation === 'applied') this.promisedAt = event.answered;
  }

  fault(what: string): void {
    this.add({ type: 'fault', at: now(), what });
  }

  get begin(): BeginEvent | undefined {
    return this.events.find((event): event is BeginEvent => event.type === 'begin');
  }

  /** As JSON lines. @returns where */
  save(): string {
    const folder = join(tmpdir(), 'ez-api-histories');
    mkdirSync(folder, { recursive: true });
    const { scenario = 'history', seed = 0 } = this.begin ?? {};
    const file = join(folder, `${scenario.replaceAll(/\W+/g, '-')}-${seed}-${process.pid}.jsonl`);
    writeFileSync(file, this.events.map((event) => `${JSON.stringify(event)}\n`).join(''));
    return file;
  }
}
