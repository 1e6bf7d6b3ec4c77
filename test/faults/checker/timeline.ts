import type { Event, GenerationEvent, VersionEvent } from '../harness/history.js';

/** Versions of a test are small: numbers hold them. */
interface Touch {
  version: number;
  value: string | null;
}

/** What Redis was to hold of everything, at every version of one generation. */
export class Timeline {
  last = 0;
  private readonly touches = new Map<string, Touch[]>();
  private readonly byVersion = new Map<number, string[]>();

  add({ version, things }: VersionEvent): void {
    const at = Number(version);
    this.last = Math.max(this.last, at);
    this.byVersion.set(at, Object.keys(things));
    for (const [thing, value] of Object.entries(things)) {
      const all = this.touches.get(thing);
      if (all) all.push({ version: at, value });
      else this.touches.set(thing, [{ version: at, value }]);
    }
  }

  /** What a generation that begins after this version goes on from. */
  until(after: number): Timeline {
    const earlier = new Timeline();
    earlier.last = after;
    for (const [thing, touches] of this.touches) {
      const kept = touches.filter(({ version }) => version <= after);
      if (kept.length > 0) earlier.touches.set(thing, kept);
    }
    for (const [version, things] of this.byVersion) if (version <= after) earlier.byVersion.set(version, things);
    return earlier;
  }

  /** Undefined if that version did not touch it. */
  exactly(thing: string, version: number): Touch | undefined {
    return this.touches.get(thing)?.find((touch) => touch.version === version);
  }

  /** What was last said of it, at this version or before. */
  asOf(thing: string, version: number): Touch | undefined {
    return this.touches.get(thing)?.findLast((touch) => touch.version <= version);
  }

  /** All that was changed after one version, up to another. */
  *between(after: number, upto: number): Generator<string> {
    for (let version = after + 1; version <= upto; version++) yield* this.byVersion.get(version) ?? [];
  }

  get things(): Iterable<string> {
    return this.touches.keys();
  }
}

/** One for each generation. */
export function timelinesOf(events: readonly Event[]): Map<string, Timeline> {
  const all = new Map<string, Timeline>();
  const versions = events.filter((event): event is VersionEvent => event.type === 'version');
  const first = new Timeline();
  all.set(versions[0]?.gen ?? '1', first);
  let current = first;
  for (const event of events) {
    if (event.type === 'version') {
      current = all.get(event.gen) ?? current;
      current.add(event);
    } else if (event.type === 'generation') {
      current = begun(all, event, current);
    }
  }
  return all;
}

function begun(all: Map<string, Timeline>, { gen, after, version }: GenerationEvent, before: Timeline): Timeline {
  const timeline = before.until(Number(after));
  timeline.last = Number(version);
  all.set(gen, timeline);
  return timeline;
}
