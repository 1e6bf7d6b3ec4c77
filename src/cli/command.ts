export type Command =
  | { name: 'serve' | 'migrate' | 'print-config'; /** Bring the schema up to date first. */ migrate: boolean }
  | { name: 'help' | 'logs repartition'; migrate: false }
  | { name: RollupsCommand; /** Beginnings, UTC. */ days: Date[]; migrate: false };

export type RollupsCommand = 'rollups rebuild' | 'rollups verify';

export const USAGE = `Usage: node dist/src/main.js [command]
  serve [--migrate]   answer requests (the default); --migrate brings the schema up to date first
  migrate             bring the schema up to date and end
  logs repartition    give the access logs the partitioning that is set, while they are written, and end
  print-config        show the configuration in force, without secrets, and end (also --print-config)
  rollups verify --from 2026-11-01 --to 2026-11-03
                      compare statistics with the log records of these days (UTC, the last included); differences end in code 1
  rollups rebuild --from 2026-11-01 --to 2026-11-03
                      count the statistics of these days anew, from the log records; while records come in`;

export function parseCommand(words: string[]): Command | undefined {
  if (words.join(' ') === '--help') return { name: 'help', migrate: false };
  if (words.join(' ') === 'logs repartition') return { name: 'logs repartition', migrate: false };
  const [name = 'serve', ...options] = words;
  if (name === 'rollups') return parseRollups(options);
  const migrate = options.includes('--migrate');
  if (options.some((option) => option !== '--migrate')) return undefined;
  if (name === '--print-config' || name === 'print-config')
    return migrate ? undefined : { name: 'print-config', migrate };
  if (name === 'serve') return { name, migrate };
  if (name === '--migrate' && !migrate) return { name: 'serve', migrate: true };
  if (name === 'migrate' && !migrate) return { name, migrate };
  return undefined;
}

function parseRollups([action, ...options]: string[]): Command | undefined {
  if (action !== 'rebuild' && action !== 'verify') return undefined;
  const [fromFlag, from, toFlag, to, ...rest] = options;
  if (fromFlag !== '--from' || toFlag !== '--to' || rest.length > 0) return undefined;
  const days = daysFrom(parseDate(from), parseDate(to));
  return days.length > 0 ? { name: `rollups ${action}`, days, migrate: false } : undefined;
}

const DAY_MS = 86_400_000;

/** Both included; none where one is missing. */
function daysFrom(first: number, last: number): Date[] {
  const days: Date[] = [];
  for (let day = first; day <= last; day += DAY_MS) days.push(new Date(day));
  return days;
}

const parseDate = (text = ''): number => (/^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(text) : NaN);
