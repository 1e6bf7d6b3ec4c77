import { redisKeys } from '../contract/redis-keys.js';
import type { ClusterPlaces } from './cluster-places.js';
import type { ClusterWhole } from './cluster-whole.js';
import { markerName } from './marker.js';
import type { ApplyAnswer, ApplyCall, RedisStore } from './redis-store.js';
import { deniesAccess, hasRecord, type Resource } from './resource.js';
import { subjectOf } from './script-items.js';

type PutRecords = (gen: string, resources: readonly Resource[]) => Promise<number>;

/** Several calls of APPLY that belong together, over many slots. */
export class ClusterApply {
  /** Chunks are counted in each place. */
  private readonly numbers = new Map<RedisStore, number>();

  constructor(
    readonly nonce: string,
    private readonly places: ClusterPlaces,
    private readonly whole: ClusterWhole,
    private readonly putRecords: PutRecords,
  ) {}

  async send(call: ApplyCall): Promise<ApplyAnswer> {
    if (this.whole.fault) return this.sendDenials(call, this.whole.fault);
    let written = 0;
    for (const resources of runsOfOneKind(call.resources)) {
      const answer = await this.sendRun({ ...call, resources });
      written += answer.written;
      if (answer.status !== 'ok') return { ...answer, written };
    }
    // Also of what was there already: an attempt that broke off may not have come to tell of it.
    if (call.resources.length > 0) {
      const answer = await this.applyIn(this.places.stream, call);
      if (answer.status !== 'ok') return { ...answer, written };
    }
    return call.chunk.isLast ? this.finish(call, written) : { status: 'ok', fence: call.fence, written };
  }

  /** The record first: it is what the hot path looks at. */
  private async sendRun(call: ApplyCall): Promise<ApplyAnswer> {
    const { kind } = call.resources[0]!;
    const written = hasRecord(kind) ? await this.putRecords(call.head.gen, call.resources) : 0;
    const place = this.places.ofKind(kind);
    return place ? this.applyIn(place, call) : { status: 'ok', fence: call.fence, written };
  }

  /** Every place says that it has come so far, then every shard, then the whole. */
  private async finish({ head, from, fence, resources, chunk }: ApplyCall, written: number): Promise<ApplyAnswer> {
    const last = { head, from, fence, resources: [], chunk: { ...chunk, isLast: true } };
    const answers = await Promise.all(this.places.all.map((place) => this.applyIn(place, last)));
    const refused = answers.find(({ status }) => status !== 'ok') ?? (await this.whole.vouch({ head, from, fence }));
    if (refused.status !== 'ok') return { ...refused, written };
    const isNews = written > 0 || from !== head.version;
    const subject = chunk.number === 1 ? subjectOf(resources) : 'all';
    const statement = { head, fence, ...(isNews && { subject }) };
    return { ...(await this.whole.mark(markerName({ ...head, version: from }), statement)), written };
  }

  /** Nothing else may run ahead of a part that doesn't answer: it would name what is not there. Nobody is told that it is all. */
  private async sendDenials(call: ApplyCall, fault: Error): Promise<ApplyAnswer> {
    const denials = call.resources.filter(deniesAccess);
    const records = await Promise.allSettled(denials.map((denial) => this.putRecords(call.head.gen, [denial])));
    const told = denials.filter((_, i) => (records[i] as { value?: number }).value === 1);
    await Promise.allSettled([
      denials.length > 0 && this.applyIn(this.places.ofHash(redisKeys.keys), { ...call, resources: denials }),
      told.length > 0 && this.applyIn(this.places.stream, { ...call, resources: told }),
    ]);
    if (call.chunk.isLast) throw fault;
    return { status: 'ok', fence: call.fence, written: told.length };
  }

  private applyIn(place: RedisStore, call: ApplyCall): Promise<ApplyAnswer> {
    const number = (this.numbers.get(place) ?? 0) + 1;
    this.numbers.set(place, number);
    const isLast = call.chunk.isLast && call.resources.length === 0;
    return place.apply({ ...call, chunk: { nonce: this.nonce, number, isLast } });
  }
}

/** As they come, each run short enough for one place. */
function runsOfOneKind(resources: readonly Resource[]): Resource[][] {
  const runs: Resource[][] = [];
  for (const resource of resources) {
    const run = runs.at(-1);
    if (run?.[0]!.kind === resource.kind) run.push(resource);
    else runs.push([resource]);
  }
  return runs;
}
