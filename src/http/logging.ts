import type { LoggerService } from '@nestjs/common';
import { type DestinationStream, type Level, type Logger, pino } from 'pino';
import { prettyFactory } from 'pino-pretty';
import { requestContext } from '../common/request-context.js';

export interface LogSettings {
  level: Level | 'silent';
  /** `auto`: for people on a terminal, JSON everywhere else. */
  format: 'auto' | 'json' | 'pretty';
}

/** Structured lines on standard output. Within a request each line carries its id. */
export function createLogger({ level, format }: LogSettings, destination?: DestinationStream): Logger {
  const isPretty = format === 'pretty' || (format === 'auto' && process.stdout.isTTY);
  const output = destination ?? pino.destination({ fd: 1, sync: true });
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      mixin: () => ({ request_id: requestContext()?.request_id }),
      serializers: { err: describeError },
      redact: { paths: REDACTED, censor: '[redacted]' },
    },
    isPretty ? forPeople(output, destination === undefined) : output,
  );
}

function forPeople(output: DestinationStream, colorize: boolean): DestinationStream {
  const format = prettyFactory({ colorize, translateTime: 'SYS:HH:MM:ss.l' });
  return { write: (line) => output.write(format(line)) };
}

/** Lets Nest and its libraries write through the same logger. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  fatal = (message: unknown, ...rest: unknown[]): void => this.write('fatal', message, rest);
  error = (message: unknown, ...rest: unknown[]): void => this.write('error', message, rest);
  warn = (message: unknown, ...rest: unknown[]): void => this.write('warn', message, rest);
  log = (message: unknown, ...rest: unknown[]): void => this.write('info', message, rest);
  debug = (message: unknown, ...rest: unknown[]): void => this.write('debug', message, rest);
  verbose = (message: unknown, ...rest: unknown[]): void => this.write('trace', message, rest);

  /** Nest passes the name of the class that logs last, and a stack, if any, before it. */
  private write(level: Level, message: unknown, rest: unknown[]): void {
    const context = rest.at(-1);
    const at = level === 'info' && CHATTY.has(context) ? 'debug' : level;
    if (message instanceof Error) this.logger[at]({ context, err: message }, message.message);
    else this.logger[at]({ context, stack: rest.length > 1 ? rest[0] : undefined }, String(message));
  }
}

/** Each names every module or route at the start. */
const CHATTY = new Set<unknown>([
  'NestFactory',
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestApplication',
]);

/** What an error says of itself. The parameters of a failed statement and the like can hold secrets and stay out. */
function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: String(error) };
  const { code } = error as { code?: unknown };
  const cause = error.cause instanceof Error ? error.cause.stack : undefined;
  return { type: error.name, message: error.message, code, stack: error.stack, cause };
}

/** Nothing logs these; the second net catches whoever will. */
const SECRET_FIELDS = ['authorization', 'cookie', 'secret', 'token', 'password', 'master_key', 'dsn'];
const REDACTED = SECRET_FIELDS.flatMap((field) => [field, `*.${field}`]);
