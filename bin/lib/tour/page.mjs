/** What the tour shows, and whether all of it was as it should be. */
export class Page {
  checked = 0;
  failed = 0;

  /** @param {(text: string) => void} write */
  constructor(write) {
    this.write = write;
  }

  /** @param {string} text */
  line(text = '') {
    this.write(`${text}\n`);
  }

  /** @param {string} text */
  chapter(text) {
    this.line();
    this.line(text);
    this.line('─'.repeat(text.length));
  }

  /** @param {string[]} titles @param {string[][]} rows */
  table(titles, rows) {
    for (const line of tableLines([titles, ...rows])) this.line(`  ${line}`);
    this.line();
  }

  /**
   * An expectation, and how it turned out.
   * @param {boolean} isHeld
   * @param {string} text
   */
  check(isHeld, text) {
    this.checked++;
    if (!isHeld) this.failed++;
    this.line(`  ${isHeld ? '✓' : '✗'} ${text}`);
  }
}

/** Columns as wide as their widest cell. @param {string[][]} rows */
export function tableLines(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]))
      .join('  ')
      .trimEnd(),
  );
}
