import { DomainError } from '../common/domain-error.js';

/** What pg says of a failed statement. TypeORM wraps it as `driverError`. */
interface PgError {
  code?: string;
  constraint?: string;
  detail?: string;
  table?: string;
}

/** `Key (name)=(alice) already exists.` → columns and values, for finding the item of a batch that it speaks of. */
export interface ConstraintDetail {
  columns: string[];
  values: string[];
}

/** A violated constraint, on its way to an answer. `CrudService` adds which item of the request it was. */
export class ConstraintError extends DomainError {
  constructor(
    kind: 'conflict' | 'unprocessable' | 'invalid',
    readonly constraint: string,
    message: string,
    readonly subject: ConstraintDetail | undefined,
  ) {
    super(kind, message, { code: constraint });
  }
}

/** pg's error → an answer for the caller; undefined for what input can't cause, which stays a 500. */
export function translateDatabaseError(error: unknown): DomainError | undefined {
  if (error instanceof DomainError) return error;
  const pgError = ((error as { driverError?: PgError } | null)?.driverError ?? error) as PgError | null;
  const code = pgError?.code;
  if (!pgError || typeof code !== 'string') return isConnectionLoss(error) ? unavailable() : undefined;
  return CONSTRAINTS[code]?.(pgError) ?? (UNAVAILABLE.has(code) || code.startsWith('08') ? unavailable() : undefined);
}

/** Whether the data is at fault, by its values or by a rule that it breaks: what fails so fails again, however often it is tried. */
export function isDataError(error: unknown): boolean {
  const code = (error as { driverError?: PgError } | null)?.driverError?.code;
  return typeof code === 'string' && /^2[23]/.test(code);
}

const CONSTRAINTS: Record<string, (error: PgError) => DomainError> = {
  '23505': (e) => violation('conflict', e, `${nameOf(e)} is already taken`),
  '23503': foreignKey,
  '23514': (e) => violation('unprocessable', e, CHECKS[e.constraint ?? ''] ?? 'A rule of the data was not kept'),
  '23502': (e) => violation('invalid', e, 'A required value is missing'),
  '22021': () => new DomainError('invalid', 'Text contains a character that cannot be stored'),
  '22P05': () => new DomainError('invalid', 'Text contains a character that cannot be stored'),
  '22P02': () => new DomainError('invalid', 'A value has the wrong form'),
  '22007': () => new DomainError('invalid', 'A date or time has the wrong form'),
  '22008': () => new DomainError('invalid', 'A date or time is out of range'),
  '22009': () => new DomainError('invalid', 'A time zone is out of range'),
  '22003': () => new DomainError('invalid', 'A number is out of range'),
  '22001': () => new DomainError('invalid', 'A text is too long'),
};

/** Checks that callers can run into although each field by itself is well-formed. */
const CHECKS: Record<string, string> = {
  ck_keys_namespaces: "namespaces and default_namespace must be among the master's namespaces",
  ck_masters_default_namespace: 'default_namespace must be one of namespaces',
};

function foreignKey(error: PgError): DomainError {
  const inUse = error.detail?.includes('is still referenced');
  return inUse
    ? violation('conflict', error, 'It is still in use')
    : violation('unprocessable', error, `${nameOf(error)} does not exist`);
}

function violation(kind: 'conflict' | 'unprocessable' | 'invalid', error: PgError, message: string): ConstraintError {
  return new ConstraintError(kind, error.constraint ?? kind, message, parseDetail(error.detail));
}

function parseDetail(detail: string | undefined): ConstraintDetail | undefined {
  const match = /^Key \((.*?)\)=\((.*)\) (?:already exists|is not present|is still referenced)/s.exec(detail ?? '');
  if (!match) return undefined;
  const columns = match[1]!.replaceAll('"', '').split(', ');
  return { columns, values: columns.length === 1 ? [match[2]!] : match[2]!.split(', ') };
}

const nameOf = (error: PgError): string => parseDetail(error.detail)?.columns.join(', ') ?? 'A value';

/** Too many connections, shutdown, cancelled by a time limit, lock not had in time, serialization, deadlock, read-only standby. */
const UNAVAILABLE = new Set([
  ...['53300', '53100', '53200', '57P01', '57P02', '57P03', '57014', '55P03', '40001', '40P01', '25006', '25P03'],
  ...['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH'],
]);

/** pg and its pool report a lost or never-made connection only by message. */
const LOSSES = [
  'Connection terminated',
  'timeout exceeded when trying to connect',
  'Client has encountered a connection error',
  'Query read timeout',
];

const isConnectionLoss = (error: unknown): boolean =>
  error instanceof Error && LOSSES.some((text) => error.message.includes(text));

const unavailable = (): DomainError =>
  new DomainError('unavailable', 'The database is not available; try again', {
    code: 'database_unavailable',
    retryAfterSeconds: 1,
  });
