import type { DataSource } from 'typeorm';

interface Plan {
  'Relation Name'?: string;
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Filter'?: number;
  Plans?: Plan[];
}

/** How many rows of a table a statement reads when it is run, which it is. */
export async function rowsRead(db: DataSource, table: string, sql: string, parameters?: unknown[]): Promise<number> {
  const [row] = await db.query<{ 'QUERY PLAN': { Plan: Plan }[] }[]>(
    `EXPLAIN (ANALYZE, FORMAT JSON) ${sql}`,
    parameters,
  );
  return readIn(row!['QUERY PLAN'][0]!.Plan, table);
}

/** By all scans of the table together. */
function readIn({ Plans = [], ...node }: Plan, table: string): number {
  const rows = (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops'];
  const own = node['Relation Name'] === table ? rows : 0;
  return Plans.reduce((sum, plan) => sum + readIn(plan, table), own);
}
