import type { Event, GenerationEvent, StatusEvent, VersionEvent, WriteEvent } from '../harness/history.js';
import type { Violations } from './violation.js';

const ofType = <T extends Event['type']>(events: readonly Event[], type: T): Extract<Event, { type: T }>[] =>
  events.filter((event): event is Extract<Event, { type: T }> => event.type === type);

/** How long undelivered work may stand behind a status of `ok`. */
const SILENCE_MAX_MS = 5_000;

/** The side of PostgreSQL: what was committed, against what was declared and what was answered. */
export function checkWrites(events: readonly Event[], violations: Violations): void {
  const versions = ofType(events, 'version');
  const writes = ofType(events, 'write');
  const allows = new Set(ofType(events, 'begin').flatMap((begin) => begin.allows));
  checkIntent(events, versions, violations);
  checkGaps(events, violations);
  checkOrder(writes, violations);
  checkAnswers(writes, versions, { allows, lost: ofType(events, 'generation') }, violations);
  for (const status of ofType(events, 'status')) checkStatus(status, violations);
}

function checkIntent(events: readonly Event[], versions: readonly VersionEvent[], violations: Violations): void {
  for (const { tables } of ofType(events, 'unversioned')) {
    violations.add('I1 atomic intent', `rows of ${tables.join(', ')} were changed without a version`);
  }
  for (const { gen, version, operations, misnamed } of versions) {
    const at = `${gen}.${version}`;
    if (operations.length === 0) violations.add('I1 atomic intent', `${at} has no row in the operation log`);
    if (misnamed.length > 0) violations.add('I1 atomic intent', `the operation log of ${at} names another version`);
  }
  for (const { gen, version, thing, listed, rendered } of ofType(events, 'unlisted')) {
    const difference = `${thing} is ${rendered}, and no version up to ${gen}.${version} says so: ${listed}`;
    violations.add('I3 dependency completeness', difference);
  }
}

function checkGaps(events: readonly Event[], violations: Violations): void {
  const newest = new Map<string, number>();
  for (const event of events) {
    if (event.type === 'generation') newest.set(event.gen, Number(event.version));
    if (event.type !== 'version') continue;
    const expected = (newest.get(event.gen) ?? 0) + 1;
    if (Number(event.version) !== expected) {
      violations.add('I2 commit order', `${event.gen}.${event.version} stands where ${event.gen}.${expected} should`);
    }
    newest.set(event.gen, Number(event.version));
  }
}

/** Who was answered before another asked has the lower version. */
function checkOrder(writes: readonly WriteEvent[], violations: Violations): void {
  const answered = writes.filter(({ version }) => version !== null).toSorted((a, b) => a.answered - b.answered);
  const asked = answered.toSorted((a, b) => a.sent - b.sent);
  let next = 0;
  let newest: WriteEvent | undefined;
  for (const write of asked) {
    for (; answered[next] && answered[next]!.answered < write.sent; next++) {
      if (!newest || isAfter(answered[next]!.version!, newest.version!)) newest = answered[next];
    }
    if (newest && !isAfter(write.version!, newest.version!)) {
      const order = `${write.request_id} was sent after ${newest.request_id} was answered ${newest.version}`;
      violations.add('I2 commit order', `${order}, and became ${write.version}`);
    }
  }
}

interface Outcome {
  allows: ReadonlySet<string>;
  /** Generations that began. */
  lost: readonly GenerationEvent[];
}

function checkAnswers(
  writes: readonly WriteEvent[],
  versions: readonly VersionEvent[],
  { allows, lost }: Outcome,
  violations: Violations,
): void {
  const committed = new Map(
    versions.flatMap(({ gen, version, operations }) => operations.map((id) => [id, `${gen}.${version}`])),
  );
  const isLost = (version: string): boolean =>
    allows.has('lost commits') && lost.some(({ gen, after }) => isBetween(version, after, gen));
  for (const { request_id, request, status, version } of writes) {
    if (status === null) continue;
    const at = committed.get(request_id);
    const said = `${request_id} (${request}) was answered ${status}`;
    if (status >= 500 && !allows.has('refusals')) violations.add('I13 fails towards PostgreSQL', said);
    if (status >= 400 && status < 500 && at) violations.add('I13 fails towards PostgreSQL', `${said}, and is ${at}`);
    if (status < 300 && version !== null && at !== version && !isLost(version)) {
      violations.add('I13 fails towards PostgreSQL', `${said} as ${version}, and is ${at ?? 'nowhere'}`);
    }
  }
}

function checkStatus(status: StatusEvent, violations: Violations): void {
  const { pending, resources, state, reasons, lag_ms } = status;
  if (pending > resources) violations.add('I11 bounded work', `${pending} are pending of ${resources}`);
  const isSilent = pending > 0 && lag_ms > SILENCE_MAX_MS && (state === 'ok' || reasons.length === 0);
  if (isSilent) violations.add('I12 no silent parking', `${pending} have been pending for ${lag_ms} ms, and all is ok`);
}

const partsOf = (version: string): [gen: number, version: number] => version.split('.').map(Number) as [number, number];

function isAfter(a: string, b: string): boolean {
  const [[genA, a1], [genB, b1]] = [partsOf(a), partsOf(b)];
  return genA === genB ? a1 > b1 : genA > genB;
}

/** Whether it came after the last version that was kept, in a generation before the one that began then. */
function isBetween(version: string, after: string, gen: string): boolean {
  const [ofGen, at] = partsOf(version);
  return ofGen < Number(gen) && at > Number(after);
}
