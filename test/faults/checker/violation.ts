/** Each by the invariant that it breaks. */
export const INVARIANTS = {
  'I1 atomic intent': 'a change is committed iff its outbox rows and its operation-log row are',
  'I2 commit order': 'versions follow the order of the commits, without gaps',
  'I3 dependency completeness': 'what looks different after a version is listed by it',
  'I4 monotone': 'the version of a thing never goes back',
  'I5 coherence': 'what Redis holds is what PostgreSQL wanted at the version that stands beside it',
  'I6 the marker never overstates': 'whatever changed up to the marker is in Redis',
  'I7 loss is co-located': 'data that are lost take the marker with them',
  'I8 no resurrection': 'what was seen denied is never seen allowed at an older version',
  'I9 compare-and-set': 'nothing replaces Redis by something older',
  'I10 closure': 'no live binding names a provider that is not there',
  'I11 bounded work': 'pending units are no more than there are resources',
  'I12 no silent parking': 'whatever is undelivered can be seen, with its age and why',
  'I13 fails towards PostgreSQL': '2xx iff PostgreSQL committed; Redis never changes a status code',
  'I14 fencing': 'no dispatcher of an earlier term writes after one of a later term',
  'I15 convergence': 'with both stores reachable, Redis becomes what PostgreSQL says',
  'truthful receipt': '`applied` is only answered when Redis holds it',
} as const;

export type Invariant = keyof typeof INVARIANTS;

export interface Violation {
  invariant: Invariant;
  what: string;
}

/** One fault may show in everything that follows: the first few say what it is. */
const EACH_MAX = 5;

export class Violations {
  private readonly found = new Map<Invariant, Set<string>>();

  add(invariant: Invariant, what: string): void {
    const ofInvariant = this.found.get(invariant) ?? new Set();
    if (ofInvariant.size < EACH_MAX) ofInvariant.add(what);
    this.found.set(invariant, ofInvariant);
  }

  get list(): Violation[] {
    return [...this.found].flatMap(([invariant, all]) => [...all].map((what) => ({ invariant, what })));
  }
}
