/** Bits of `level`: which dimensions the rows of it have. Every level has the status class. */
const MASTER = 8;
const KEY = 4;
const PROVIDER = 2;
const MODEL = 1;

/** What each dimension needs. A key has one master, so rows by key have it as well. */
const NEEDS = {
  master_id: MASTER,
  key_id: MASTER | KEY,
  provider_id: PROVIDER,
  group_id: PROVIDER,
  namespace: MODEL,
  model: MODEL,
  status_class: 0,
} as const;

export type Dimension = keyof typeof NEEDS;

/** What stands where a level doesn't have the dimension, or a record nothing: `NULL` would not be equal to itself in a key. */
export const NOTHING: Record<Dimension, 0 | ''> = {
  master_id: 0,
  key_id: 0,
  provider_id: 0,
  group_id: 0,
  namespace: '',
  model: '',
  status_class: 0,
};

/** Those that are kept, the one with fewest rows first. The last has everything and answers what no other can. */
export const LEVELS = [
  0,
  PROVIDER,
  MODEL,
  PROVIDER | MODEL,
  MASTER,
  MASTER | MODEL,
  MASTER | KEY,
  MASTER | KEY | PROVIDER | MODEL,
] as const;

export type Level = (typeof LEVELS)[number];

/** The smallest level that has all of these dimensions. */
export function levelOf(dimensions: readonly Dimension[]): Level {
  const needed = dimensions.reduce((bits, dimension) => bits | NEEDS[dimension], 0);
  return LEVELS.find((level) => (level & needed) === needed)!;
}

/** In SQL: the level of a row that `GROUPING_SETS` made. */
export const LEVEL_OF_GROUP = '(15 - GROUPING(master_id, key_id, provider_id, model))::smallint';

const COLUMNS_OF_BIT: [number, string[]][] = [
  [MASTER, ['master_id']],
  [KEY, ['key_id']],
  [PROVIDER, ['provider_id', 'group_id']],
  [MODEL, ['namespace', 'model']],
];

/** In SQL: all levels of what is grouped. */
export const GROUPING_SETS = `at, status_class, GROUPING SETS (${LEVELS.map((level) => {
  const columns = COLUMNS_OF_BIT.filter(([bit]) => (level & bit) !== 0).flatMap(([, names]) => names);
  return `(${columns.join(', ')})`;
}).join(', ')})`;
