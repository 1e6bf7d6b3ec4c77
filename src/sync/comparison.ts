import { HASH_OF, SYNC_KINDS, type HashKind, type SyncKind } from '../contract/redis-keys.js';
import { RefusedError } from './apply-writer.js';
import { collectPage, unexplained, type RecordFamily } from './collector.js';
import { driftOf, DriftTally, type DriftType } from './drift.js';
import { readHead, type Head } from './head.js';
import type { HeldReader } from './held-reader.js';
import type { Loss } from './losses.js';
import { standingOf, type Marker } from './marker.js';
import type { Repair } from './redis-store.js';
import type { Batch } from './resource-reader.js';
import { deniesAccess, sizeOf, type Resource } from './resource.js';
import { chunksOf } from './stage-writer.js';
import { Survey } from './survey.js';
import type { SyncTools } from './sync-tools.js';
import { isNewer } from './versions.js';

interface Section {
  kind: SyncKind;
  /** PostgreSQL's rows against Redis, or what Redis has of a kind against PostgreSQL. */
  part: 'rows' | 'fields' | 'records';
}

const isFamily = (kind: SyncKind): kind is RecordFamily => kind === 'key' || kind === 'master';

const SECTIONS: readonly Section[] = SYNC_KINDS.flatMap((kind): Section[] => [
  { kind, part: 'rows' },
  ...(kind in HASH_OF ? [{ kind, part: 'fields' } as const] : []),
  ...(isFamily(kind) ? [{ kind, part: 'records' } as const] : []),
]);

const FIRST = { rows: '', fields: '0', records: '0' };

type Drifted = Repair & { type: DriftType };

/**
 * Compares everything that Redis holds with PostgreSQL, a page at a time, and repairs what differs. A first look at each
 * page is not exact, as both go on changing; what differs there is looked at again in an order that leaves no doubt.
 */
export class Comparison {
  resources = 0;
  readonly drift = new DriftTally();
  /** Kinds that would lose so much that it has to be confirmed. */
  readonly losses: Loss[] = [];
  private section = 0;
  private cursor = FIRST.rows;
  private survey: Survey | undefined;
  /** Kinds of which something would be taken away, and whether it may. */
  private readonly mayLose = new Map<SyncKind, boolean>();

  constructor(
    private readonly tools: SyncTools,
    private readonly reader: HeldReader,
    private readonly permits: (losses: Loss[]) => Promise<boolean>,
  ) {}

  /** The kind that is looked at. */
  get kind(): SyncKind {
    return SECTIONS[this.section]!.kind;
  }

  /** Compares a page. If that fails, the next call begins with the same one. @returns whether there is more to compare */
  async next(fence: string): Promise<boolean> {
    if (this.survey) return this.look(this.survey);
    const { kind, part } = SECTIONS[this.section]!;
    const cursor = await this[part](kind, fence);
    // The same page again, when it is known how much would go.
    if (this.isSurveying) return true;
    if (cursor === undefined) this.cursor = FIRST[SECTIONS[++this.section]?.part ?? 'rows'];
    else this.cursor = cursor;
    return this.section < SECTIONS.length;
  }

  private get isSurveying(): boolean {
    return this.survey !== undefined;
  }

  private async look(survey: Survey): Promise<true> {
    const losses = await survey.next();
    if (!losses) return true;
    this.losses.push(...losses);
    this.mayLose.set(survey.kind, losses.length === 0 || (await this.permits(this.losses)));
    this.survey = undefined;
    return true;
  }

  private async rows(kind: SyncKind, fence: string): Promise<string | undefined> {
    const { database, reader } = this.tools;
    const page = await reader.page(database, kind, this.cursor);
    const resources = settled(page);
    const held = await this.reader.held(
      kind,
      resources.map(({ ref }) => ref),
    );
    const { gen } = await readHead(database);
    const suspects = resources.filter((wanted) => this.typeOf(wanted, held.get(wanted.ref)!, gen) !== undefined);
    if (suspects.length > 0) await this.repairRows(kind, suspects, fence);
    if (!this.isSurveying) this.resources += page.resources.length;
    return page.next;
  }

  private async fields(kind: SyncKind, fence: string): Promise<string | undefined> {
    const [next, refs] = await this.reader.scanFields(kind, this.cursor);
    const strays = await unexplained(this.tools.database, kind, refs);
    if (strays.length > 0) await this.removeFields(kind, strays, fence);
    return next === '0' ? undefined : next;
  }

  private async records(kind: SyncKind, fence: string): Promise<string | undefined> {
    if (this.mayLose.get(kind) === false) return undefined;
    const marker = await this.marker();
    assertFollows(marker, await readHead(this.tools.database));
    const { gen } = marker;
    const { next, collected } = await collectPage(this.tools, { gen, fence }, kind as RecordFamily, this.cursor);
    if (collected > 0) this.drift.add({ kind, type: 'extra', found: collected, repaired: collected });
    return next === '0' ? undefined : next;
  }

  /** First the marker, then what stands beside it, then PostgreSQL: whatever Redis may rightly hold is known there by then. */
  private async repairRows(kind: SyncKind, suspects: readonly Resource[], fence: string): Promise<void> {
    const marker = await this.marker();
    const refs = suspects.map(({ ref }) => ref);
    const held = await this.reader.held(kind, refs);
    const { database, durability, reader } = this.tools;
    const { head, wanted } = await database.atOneMoment(async (sql) => {
      const resources: Resource[] = [];
      for await (const batch of reader.groups(sql, [{ kind, refs }])) resources.push(...settled(batch));
      const found = await readHead(sql);
      await durability.cover(found, sql)();
      return { head: found, wanted: resources };
    });
    assertFollows(marker, head);
    const drifted = wanted.flatMap((resource): Drifted[] => {
      const seen = held.get(resource.ref)!;
      const type = this.typeOf(resource, seen, head.gen);
      // What is newer than the marker is on its way.
      const isDrift = type !== undefined && !isNewer(resource.version, marker.version);
      return isDrift ? [{ type, ref: resource.ref, wanted: resource, seen }] : [];
    });
    await this.repair(kind, head, fence, denialsFirst(drifted));
  }

  private async removeFields(kind: SyncKind, strays: readonly string[], fence: string): Promise<void> {
    const marker = await this.marker();
    const held = await this.reader.held(kind, strays);
    const { head, still } = await this.tools.database.atOneMoment(async (sql) => ({
      head: await readHead(sql),
      still: await unexplained(sql, kind, [...strays]),
    }));
    assertFollows(marker, head);
    const drifted = still
      .map((ref): Drifted => ({ type: 'extra', ref, wanted: undefined, seen: onlyField(held.get(ref)!) }))
      .filter(({ seen }) => seen.field !== undefined);
    await this.repair(kind, head, fence, drifted);
  }

  private async repair(kind: SyncKind, head: Head, fence: string, drifted: readonly Drifted[]): Promise<void> {
    const lost = drifted.filter(isLost);
    const mayLose = lost.length === 0 || this.mayLose.get(kind);
    if (mayLose === undefined) {
      this.survey = new Survey(this.tools, this.reader, kind as HashKind);
      return;
    }
    if (!mayLose) this.count(kind, lost, 0);
    for (const repairs of chunksOf(mayLose ? drifted : drifted.filter((each) => !isLost(each)), ({ wanted }) =>
      wanted ? sizeOf(wanted) : 0,
    )) {
      const status = await this.send({ kind, head, fence, repairs });
      if (status !== 'ok') throw new RefusedError(status, fence);
      this.count(kind, repairs, 1);
    }
  }

  private async send(call: {
    kind: SyncKind;
    head: Head;
    fence: string;
    repairs: readonly Drifted[];
  }): Promise<string> {
    try {
      return (await this.tools.store.repair(call)).status;
    } catch (error) {
      this.count(call.kind, call.repairs, 0);
      throw error;
    }
  }

  private count(kind: SyncKind, drifted: readonly Drifted[], repaired: number): void {
    for (const { type } of drifted) this.drift.add({ kind, type, found: 1, repaired });
  }

  private typeOf(wanted: Resource, held: Parameters<typeof driftOf>[1], gen: string): DriftType | undefined {
    return driftOf(wanted, held, gen, (a, b) => this.tools.reader.isSame(wanted.kind, a, b));
  }

  private async marker(): Promise<Marker> {
    const { marker } = await this.tools.store.readMarker();
    if (!marker) throw new RefusedError('missing', '0');
    return marker;
  }
}

/** Balancers have it, and would not have it any more. */
const isLost = ({ wanted, seen }: Drifted): boolean => seen.field !== undefined && wanted?.field === undefined;

/** What could not be rendered at first may still have its last good value in Redis: the dispatcher sees to it. */
function settled({ resources, healed }: Batch): Resource[] {
  const refs = new Set(healed.map(({ ref }) => ref));
  return resources.filter(({ ref }) => !refs.has(ref));
}

function assertFollows(marker: Marker, head: Head): void {
  const standing = standingOf(marker, head);
  if (standing !== 'current' && standing !== 'behind') throw new RefusedError(standing, marker.fence);
}

const onlyField = ({ field, version }: Drifted['seen']): Drifted['seen'] => ({ field, version });

function denialsFirst(drifted: readonly Drifted[]): Drifted[] {
  const denies = ({ wanted }: Drifted): boolean => wanted !== undefined && deniesAccess(wanted);
  return [...drifted.filter(denies), ...drifted.filter((each) => !denies(each))];
}
