/** One line of the table: what we take for something, and what the simplest program that does it takes beside us. */
export interface Figure {
  what: string;
  ours: string;
  yardstick: string;
  ratio?: number;
  target: string;
  /** Absent where nothing was promised. */
  isMet?: boolean;
}

export function toTable(figures: readonly Figure[]): string {
  const head = ['What', 'EZ-API', 'Yardstick, same run', 'Ratio', 'Target', 'Met'];
  const lines = figures.map(({ what, ours, yardstick, ratio, target, isMet }) => [
    what,
    ours,
    yardstick,
    ratio?.toFixed(2) ?? '',
    target,
    isMet === undefined ? '' : isMet ? 'yes' : '**no**',
  ]);
  return [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
