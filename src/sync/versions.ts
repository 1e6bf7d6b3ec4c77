/** Versions are decimal text of any length: longer is newer, and equal lengths compare as text. */
export function compareVersions(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  return a === b ? 0 : a < b ? -1 : 1;
}

export const isNewer = (a: string, b: string): boolean => compareVersions(a, b) > 0;

export const newest = (a: string, b: string): string => (isNewer(a, b) ? a : b);

export const oldest = (a: string, b: string): string => (isNewer(a, b) ? b : a);
