/** Every way in which a request can fail, with its HTTP status and the title of the answer. */
export const ERROR_KINDS = {
  invalid: { status: 400, title: 'Invalid request' },
  unauthenticated: { status: 401, title: 'Authentication required' },
  forbidden: { status: 403, title: 'Forbidden' },
  not_found: { status: 404, title: 'Not found' },
  method_not_allowed: { status: 405, title: 'Method not allowed' },
  timeout: { status: 408, title: 'Request too slow' },
  conflict: { status: 409, title: 'Conflict' },
  precondition_failed: { status: 412, title: 'Precondition failed' },
  too_large: { status: 413, title: 'Body too large' },
  uri_too_long: { status: 414, title: 'URI too long' },
  unsupported_type: { status: 415, title: 'Unsupported media type' },
  unprocessable: { status: 422, title: 'Rule violated' },
  too_many: { status: 429, title: 'Too many requests' },
  headers_too_large: { status: 431, title: 'Headers too large' },
  unavailable: { status: 503, title: 'Temporarily unavailable' },
} as const satisfies Record<string, { status: number; title: string }>;

export type ErrorKind = keyof typeof ERROR_KINDS;

/** One wrong field. `pointer` is a JSON pointer into the body, or `/name` of a query or path parameter. */
export interface FieldError {
  pointer: string;
  message: string;
}

export interface DomainErrorOptions {
  /** What a program may branch on; the kind where nothing more precise is known. */
  code?: string;
  errors?: readonly FieldError[];
  retryAfterSeconds?: number;
}

/** A failure that the caller can understand. The message is for the person who called and goes out as it is. */
export class DomainError extends Error {
  readonly code: string;
  readonly errors: readonly FieldError[];
  readonly retryAfterSeconds: number | undefined;

  constructor(
    readonly kind: ErrorKind,
    message: string,
    options: DomainErrorOptions = {},
  ) {
    super(message);
    this.name = new.target.name;
    this.code = options.code ?? kind;
    this.errors = options.errors ?? [];
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

/** The same words for what is absent and for what belongs to another tenant, so that ids can't be probed. */
export const notFound = (resource: string): DomainError => new DomainError('not_found', `No such ${resource}`);

/** All mistakes of a request at once. */
export function invalidFields(errors: readonly FieldError[]): DomainError {
  const message = errors.length === 1 ? errors[0]!.message : `${errors.length} fields are wrong`;
  return new DomainError('invalid', message, { errors });
}

export const invalidField = (pointer: string, message: string): DomainError => invalidFields([{ pointer, message }]);

/** One step of a JSON pointer (RFC 6901). */
export const pointerStep = (key: string | number): string =>
  `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`;
