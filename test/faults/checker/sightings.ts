import type { Event, Held, SeenEvent, SeenMarker, WriteEvent } from '../harness/history.js';
import { Damage } from './damage.js';
import { brokenBindings, isAllowed } from './payloads.js';
import type { Timeline } from './timeline.js';
import type { Violations } from './violation.js';

interface Seen {
  gen: number;
  version: number;
}

const isOlder = (a: Seen, b: Seen): boolean => (a.gen === b.gen ? a.version < b.version : a.gen < b.gen);

/** The side of Redis: everything that a reader saw, in the order in which it saw it. */
export class Sightings {
  private readonly held = new Map<string, Held>();
  private readonly newest = new Map<string, Seen>();
  private readonly denied = new Map<string, Seen>();
  private readonly damage = new Damage();
  private life: string | null | undefined;
  /** Up to where everything was found to be there; undefined: all of it has to be looked for again. */
  private complete: Seen | undefined;
  private highest: Seen | undefined;
  private fence = 0;
  private marker: SeenMarker | null = null;
  private readonly receipts: WriteEvent[];
  private promised: Seen | undefined;

  constructor(
    events: readonly Event[],
    private readonly timelines: ReadonlyMap<string, Timeline>,
    private readonly violations: Violations,
  ) {
    this.receipts = events
      .filter((event): event is WriteEvent => event.type === 'write' && event.propagation === 'applied')
      .toSorted((a, b) => a.answered - b.answered);
  }

  harmed(things: readonly string[], isUnderWay = false): void {
    this.damage.add(things, isUnderWay);
  }

  seen({ begun, life, marker, changed }: SeenEvent): void {
    const isNewLife = this.life !== undefined && life === null;
    this.begin(life);
    this.marker = marker;
    for (const [thing, is] of Object.entries(changed)) {
      if (is) this.held.set(thing, is);
      else this.held.delete(thing);
    }
    const names = Object.keys(changed);
    for (const thing of names) this.checkThing(thing);
    if (!marker) return;
    this.checkMarker(marker, begun);
    this.checkComplete(marker, names, isNewLife);
    if (names.some((name) => /^config:(bindings|providers) /.test(name))) this.checkClosure();
  }

  /** Nothing comes after this: Redis has to be what PostgreSQL says. */
  end(): void {
    const [gen, timeline] = [...this.timelines].at(-1)!;
    const at = `${gen}.${timeline.last}`;
    const reached = this.marker && `${this.marker.gen}.${this.marker.version}`;
    if (reached !== at) this.violations.add('I15 convergence', `Redis ended at ${reached}, PostgreSQL at ${at}`);
    for (const thing of timeline.things) {
      const wanted = timeline.asOf(thing, timeline.last)!.value;
      const held = this.held.get(thing)?.value ?? null;
      if (held !== wanted) this.violations.add('I15 convergence', `${thing} ended as ${held}, not as ${wanted}`);
    }
    for (const [thing, { value }] of this.held) {
      const isStray = value !== null && !timeline.asOf(thing, timeline.last);
      if (isStray) this.violations.add('I15 convergence', `${thing} is there, and nothing explains it`);
    }
  }

  /** Whoever lost its data starts anew; what was denied before stays denied. */
  private begin(life: string | null): void {
    if (life === this.life) return;
    const isFirstName = this.life === null && life !== null;
    this.life = life;
    if (isFirstName) return;
    this.newest.clear();
    this.complete = undefined;
  }

  private checkThing(thing: string): void {
    const is = this.held.get(thing);
    if (!is || this.damage.covers(thing)) return;
    const gen = is.gen ?? this.marker?.gen;
    // Fields without a marker beside them are no configuration: a reader keeps what it had.
    if (gen === undefined) return;
    const at: Seen = { gen: Number(gen), version: Number(is.version) };
    this.checkCoherence(thing, is, gen);
    const before = this.newest.get(thing);
    if (before && isOlder(at, before)) {
      this.violations.add('I4 monotone', `${thing} went from ${text(before)} back to ${text(at)}`);
    } else {
      this.newest.set(thing, at);
    }
    this.checkDenial(thing, is, at);
  }

  private checkCoherence(thing: string, { version, value }: Held, gen: string): void {
    const timeline = this.timelines.get(gen);
    // Redis heard of commits that PostgreSQL then lost: nobody can say any more what they wanted.
    if (!timeline || (Number(version) > timeline.last && this.isEnded(gen))) return;
    const touch = timeline.exactly(thing, Number(version));
    if (!touch) {
      this.violations.add(
        'I5 coherence',
        `${thing} claims version ${gen}.${version || 'none'}, which it was never given`,
      );
    } else if (touch.value !== value) {
      this.violations.add('I5 coherence', `${thing} at ${gen}.${version} was ${value}, not ${touch.value}`);
    }
  }

  private isEnded(gen: string): boolean {
    return [...this.timelines.keys()].some((other) => Number(other) > Number(gen));
  }

  private checkDenial(thing: string, { value }: Held, at: Seen): void {
    const allowed = isAllowed(thing, value);
    if (allowed === undefined || !this.marker) return;
    const before = this.denied.get(thing);
    if (!allowed) {
      if (!before || isOlder(before, at)) this.denied.set(thing, at);
    } else if (before?.gen === at.gen && isOlder(at, before)) {
      this.violations.add('I8 no resurrection', `${thing} was denied at ${text(before)}, and allowed at ${text(at)}`);
    }
  }

  private checkMarker({ gen, version, fence }: SeenMarker, begun: number): void {
    const at: Seen = { gen: Number(gen), version: Number(version) };
    if (this.highest && isOlder(at, this.highest)) {
      this.violations.add('I9 compare-and-set', `the marker went from ${text(this.highest)} back to ${text(at)}`);
    } else {
      this.highest = at;
    }
    if (Number(fence) < this.fence) {
      this.violations.add('I14 fencing', `term ${fence} wrote after term ${this.fence}`);
    }
    this.fence = Math.max(this.fence, Number(fence));
    for (; this.receipts[0] && this.receipts[0].answered < begun; this.receipts.shift()) {
      const [ofGen, ofVersion] = this.receipts[0].version!.split('.').map(Number) as [number, number];
      const receipt = { gen: ofGen, version: ofVersion };
      if (!this.promised || isOlder(this.promised, receipt)) this.promised = receipt;
    }
    if (this.promised?.gen === at.gen && isOlder(at, this.promised)) {
      this.violations.add(
        'truthful receipt',
        `${text(this.promised)} was applied, and the marker then stood at ${text(at)}`,
      );
    }
  }

  /** Everything that the marker says. What is known to be there is looked at again only when it has changed. */
  private checkComplete({ gen, version }: SeenMarker, changed: readonly string[], isNewLife: boolean): void {
    const timeline = this.timelines.get(gen);
    if (!timeline) return;
    const at: Seen = { gen: Number(gen), version: Number(version) };
    const isKnown = this.complete?.gen === at.gen;
    const news = isKnown ? timeline.between(this.complete!.version, at.version) : timeline.things;
    const missing = [...new Set([...news, ...changed])].filter((thing) => !this.isThere(thing, timeline, at.version));
    for (const thing of missing) {
      if (this.damage.covers(thing)) continue;
      const invariant = isNewLife && !isKnown ? 'I7 loss is co-located' : 'I6 the marker never overstates';
      this.violations.add(invariant, `at ${text(at)}, ${thing} was ${JSON.stringify(this.held.get(thing) ?? null)}`);
    }
    if (!isKnown || !isOlder(at, this.complete!)) this.complete = at;
    this.damage.lift((thing) => this.isThere(thing, timeline, at.version), timeline.things);
  }

  private isThere(thing: string, timeline: Timeline, version: number): boolean {
    const wanted = timeline.asOf(thing, version);
    const held = this.held.get(thing);
    if (!wanted) return true;
    if (!held || (held.version === '' && held.value === null)) return wanted.value === null;
    return Number(held.version) >= wanted.version;
  }

  private checkClosure(): void {
    const names = brokenBindings(this.held).filter((name) => !this.damage.covers(name));
    if (this.damage.covers('config:providers *')) return;
    for (const name of names) this.violations.add('I10 closure', `${name} names a provider that is not there`);
  }
}

const text = ({ gen, version }: Seen): string => `${gen}.${version}`;
