import 'reflect-metadata';
import { ConfigError } from './config/config-error.js';
import { loadConfig } from './config/load-config.js';
import { redactedConfig } from './config/redacted-config.js';
import { USAGE, parseCommand } from './cli/command.js';
import { migrateDatabase } from './cli/migrate.js';
import { repartitionLogs } from './cli/repartition.js';
import { runRollups } from './cli/rollups.js';
import { serve } from './cli/serve.js';

const NO_DATABASE =
  'EZ_PG_DSN (postgres.dsn) is not set; bin/ez runs commands on the servers that bin/start has started';

async function main(): Promise<void> {
  const words = process.argv.slice(2);
  const command = parseCommand(words);
  if (!command) return fail(`ez-api: this is no command, or not all of one: ${words.join(' ')}\n${USAGE}`);
  if (command.name === 'help') return void process.stdout.write(`${USAGE}\n`);
  const config = loadConfig();
  if (command.name === 'print-config') return void process.stdout.write(redactedConfig(config));
  if (config.postgres.dsn === '') throw new Error(NO_DATABASE);
  if (command.name === 'migrate' || command.migrate) await migrateDatabase(config);
  if (command.name === 'logs repartition') await repartitionLogs(config);
  if (command.name === 'serve') await serve(config);
  if ('days' in command) process.exitCode = await runRollups(command.name, command.days, config);
}

function fail(message: string): void {
  process.stderr.write(`${message}\n`);
  process.exitCode = 1;
}

try {
  await main();
} catch (error) {
  fail(error instanceof ConfigError ? error.message : `ez-api: ${(error as Error).message}`);
  process.exit(1);
}
