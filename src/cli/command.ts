export interface Command {
  name: 'serve' | 'migrate' | 'print-config' | 'logs repartition';
  /** Bring the schema up to date first. */
  migrate: boolean;
}

export const USAGE = `Usage: node dist/src/main.js [command]
  serve [--migrate]   answer requests (the default); --migrate brings the schema up to date first
  migrate             bring the schema up to date and end
  logs repartition    give the access logs the partitioning that is set, while they are written, and end
  print-config        show the configuration in force, without secrets, and end (also --print-config)`;

export function parseCommand(words: string[]): Command | undefined {
  if (words.join(' ') === 'logs repartition') return { name: 'logs repartition', migrate: false };
  const [name = 'serve', ...options] = words;
  const migrate = options.includes('--migrate');
  if (options.some((option) => option !== '--migrate')) return undefined;
  if (name === '--print-config' || name === 'print-config')
    return migrate ? undefined : { name: 'print-config', migrate };
  if (name === 'serve') return { name, migrate };
  if (name === '--migrate' && !migrate) return { name: 'serve', migrate: true };
  if (name === 'migrate' && !migrate) return { name, migrate };
  return undefined;
}
