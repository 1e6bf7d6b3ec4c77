import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';

/** A statement as PostgreSQL ran it. */
export interface Plan {
  query: string;
  /** Tables that were read from end to end. */
  scanned: string[];
}

interface PlanNode {
  'Node Type': string;
  'Relation Name'?: string;
  Plans?: PlanNode[];
}

interface Explained {
  'Query Text': string;
  Plan: PlanNode;
}

/** Sessions that begin from here on can explain their statements. */
export async function allowExplaining(pool: Pool, database: string): Promise<void> {
  await pool.query(`ALTER DATABASE ${database} SET session_preload_libraries = 'auto_explain'`);
}

/**
 * Runs `work`, and returns the plans of all statements that it made the server run: those that PostgreSQL really took, with
 * the parameters that were really given, from its log.
 */
export async function plansOf(pool: Pool, logFile: string, work: () => Promise<void>): Promise<Plan[]> {
  const before = (await readFile(logFile, 'utf8')).length;
  await setLogging(pool, { log_min_duration: '0', log_format: 'json' });
  await work();
  await setLogging(pool, { log_min_duration: '-1', log_format: 'text' });
  return parsePlans((await readFile(logFile, 'utf8')).slice(before));
}

export const postgresLog = (folder: string): string => path.join(folder, 'postgres', 'server.log');

async function setLogging(pool: Pool, settings: Record<string, string>): Promise<void> {
  await pool.query(`LOAD 'auto_explain'`);
  for (const [name, value] of Object.entries(settings)) {
    await pool.query(`ALTER SYSTEM SET auto_explain.${name} = '${value}'`);
  }
  await pool.query('SELECT pg_reload_conf()');
  // Every session hears of it by itself.
  await sleep(500);
}

/** PostgreSQL indents each further line of an entry with a tab. */
function parsePlans(log: string): Plan[] {
  return [...log.matchAll(/ plan:\n((?:\t.*\n)+)/g)].map(([, json]) => {
    const { 'Query Text': query, Plan: plan } = JSON.parse(json!.replaceAll('\n\t', '\n')) as Explained;
    return { query, scanned: scansIn(plan) };
  });
}

function scansIn(node: PlanNode): string[] {
  const own = node['Node Type'] === 'Seq Scan' ? [node['Relation Name']!] : [];
  return [...own, ...(node.Plans ?? []).flatMap(scansIn)];
}
