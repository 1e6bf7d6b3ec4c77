export type Partitioning = 'day' | 'month' | 'off';

/** From `from` until before `to`, in milliseconds since 1970; both may be infinite. */
export interface Range {
  from: number;
  to: number;
}

/** The partition that an instant belongs to, were there no others. Days and months are those of UTC. */
export function unitAround(at: number, partitioning: Partitioning): Range {
  if (partitioning === 'off') return { from: -Infinity, to: Infinity };
  const date = new Date(at);
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()];
  if (partitioning === 'month') return { from: Date.UTC(year, month), to: Date.UTC(year, month + 1) };
  return { from: Date.UTC(year, month, day), to: Date.UTC(year, month, day + 1) };
}

export const contains = ({ from, to }: Range, at: number): boolean => at >= from && at < to;

/**
 * What has to be added for an instant that no partition takes: its unit, cut to the gap between those that there are, for
 * they may have been made when another partitioning was set.
 */
export function missingRange(at: number, taken: readonly Range[], partitioning: Partitioning): Range | undefined {
  if (taken.some((range) => contains(range, at))) return undefined;
  const unit = unitAround(at, partitioning);
  return {
    from: Math.max(unit.from, ...taken.map(({ to }) => to).filter((to) => to <= at)),
    to: Math.min(unit.to, ...taken.map(({ from }) => from).filter((from) => from > at)),
  };
}

/** What has to be added so that `count` units from that of `at` on can be written. */
export function missingAhead(at: number, count: number, taken: readonly Range[], partitioning: Partitioning): Range[] {
  const added: Range[] = [];
  for (let next = at, i = 0; i < count && next < Infinity; next = unitAround(next, partitioning).to, i++) {
    const missing = missingRange(next, [...taken, ...added], partitioning);
    if (missing) added.push(missing);
  }
  return added;
}

export const partitionName = ({ from, to }: Range): string => `records_${dateName(from)}_${dateName(to)}`;

/** Two ranges never share a name: bounds are midnights. */
function dateName(at: number): string {
  if (at === -Infinity) return 'min';
  return at === Infinity ? 'max' : new Date(at).toISOString().slice(0, 10).replaceAll('-', '');
}
