import type { Event } from '../harness/history.js';
import { Sightings } from './sightings.js';
import { timelinesOf } from './timeline.js';
import { Violations, type Violation } from './violation.js';
import { checkWrites } from './writes.js';

/** Judges a whole history. Knows nothing but what stands in it. */
export function check(events: readonly Event[]): Violation[] {
  const violations = new Violations();
  checkWrites(events, violations);
  const sightings = new Sightings(events, timelinesOf(events), violations);
  for (const event of events) {
    if (event.type === 'seen') sightings.seen(event);
    else if (event.type === 'damage') sightings.harmed(event.things, event.isUnderWay);
  }
  // A history may go on after an end, and was judged there.
  if (events.at(-1)?.type === 'end') sightings.end();
  return violations.list;
}
