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

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |\n`;

const HEAD = ['What', 'EZ-API', 'Yardstick, same run', 'Ratio', 'Target', 'Met'];

export const TABLE_HEAD = row(HEAD) + row(HEAD.map(() => '---'));

export const toRow = ({ what, ours, yardstick, ratio, target, isMet }: Figure): string =>
  row([what, ours, yardstick, ratio?.toFixed(2) ?? '', target, isMet === undefined ? '' : isMet ? 'yes' : '**no**']);
