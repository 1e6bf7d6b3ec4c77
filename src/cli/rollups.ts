import pg from 'pg';
import type { Config } from '../config/config.js';
import { parsePgDsn } from '../config/pg-dsn.js';
import { rebuildDay } from '../modules/stats/rebuild.js';
import { type Difference, verifyDay } from '../modules/stats/verify.js';
import type { RollupsCommand } from './command.js';

/** @returns the exit code */
export async function runRollups(name: RollupsCommand, days: readonly Date[], config: Config): Promise<number> {
  // No limits of time: a day of many records takes as long as it takes.
  const client = new pg.Client({
    ...parsePgDsn(config.log.pg_dsn || config.postgres.dsn),
    application_name: `ez-api ${name}`,
  });
  await client.connect();
  try {
    return name === 'rollups rebuild' ? await rebuild(client, days) : await verify(client, days);
  } finally {
    await client.end();
  }
}

async function rebuild(client: pg.Client, days: readonly Date[]): Promise<number> {
  for (const day of days) say(`${dateOf(day)}: rebuilt from ${await rebuildDay(client, day)} records`);
  return 0;
}

async function verify(client: pg.Client, days: readonly Date[]): Promise<number> {
  let isRight = true;
  for (const day of days) {
    const differences = await verifyDay(client, day);
    if (differences.length > 0) isRight = false;
    say(`${dateOf(day)}: ${differences.length > 0 ? 'differs' : 'agrees'}`);
    differences.map(lineOf).forEach(say);
  }
  return isRight ? 0 : 1;
}

const lineOf = ({ tier, row, expected, found }: Difference): string =>
  `  ${tier} ${JSON.stringify(row)}: records say ${JSON.stringify(expected)}, roll-ups ${JSON.stringify(found)}`;

const dateOf = (day: Date): string => day.toISOString().slice(0, 10);

const say = (line: string): void => void process.stdout.write(`${line}\n`);
