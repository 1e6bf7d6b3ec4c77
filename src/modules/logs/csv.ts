/** Tables and office programs take what begins like this for a formula, and run it; some skip blanks, or read wide characters as narrow. */
const FORMULA = /^(?:[\t\r\n]|\s*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20])/;

/** Where semicolons or tabs part the columns, such a text would begin behind one. */
const FORMULA_BEHIND = /([;\t]\s*)(?=[=+\-@\uFF1D\uFF0B\uFF0D\uFF20])/g;

/** One line. Texts that could be formulas get a quote in front; numbers stay numbers. */
export const csvLine = (values: readonly unknown[]): string => `${values.map(cell).join(',')}\r\n`;

function cell(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  const text = textOf(value);
  const safe = (FORMULA.test(text) ? `'${text}` : text).replaceAll(FORMULA_BEHIND, "$1'");
  return /[",\r\n]/.test(safe) || safe !== text ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return value instanceof Date ? value.toISOString() : JSON.stringify(value);
}
