import { type ArgumentsHost, Catch, type ExceptionFilter, Logger } from '@nestjs/common';
import type { Response } from 'express';
import { DomainError, ERROR_KINDS, type ErrorKind } from '../common/domain-error.js';
import { REQUEST_ID_HEADER } from '../contract/names.js';
import { internalProblem, problemHeaders, problemOf, sendProblem } from './problem.js';

/** The only place where an error becomes an answer. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger(ProblemFilter.name);

  /** `translate` knows which failures of the database a caller can understand. */
  constructor(private readonly translate: (error: unknown) => DomainError | undefined) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const res = host.switchToHttp().getResponse<Response>();
    const known = error instanceof DomainError ? error : (this.translate(error) ?? fromHttpStatus(error));
    if (!known) this.logger.error(error);
    // A stream that fails half-way must not end like one that succeeded.
    if (res.headersSent) return void res.destroy();
    const requestId = String(res.getHeader(REQUEST_ID_HEADER));
    if (known) sendProblem(res, problemOf(known, requestId), problemHeaders(known));
    else sendProblem(res, internalProblem(requestId), { 'Cache-Control': 'no-store' });
  }
}

/**
 * Errors of Nest and Express (no such route, a path that can't be decoded) carry a status.
 * Their messages repeat what the caller sent, so only the status is taken.
 */
function fromHttpStatus(error: unknown): DomainError | undefined {
  const { status } = (error ?? {}) as { status?: unknown };
  if (typeof status !== 'number' || status === 500) return undefined;
  const kinds = Object.keys(ERROR_KINDS) as ErrorKind[];
  const kind = kinds.find((candidate) => ERROR_KINDS[candidate].status === status);
  if (kind) return new DomainError(kind, DETAILS[kind] ?? ERROR_KINDS[kind].title);
  return status >= 400 && status < 500 ? new DomainError('invalid', DETAILS.invalid!) : undefined;
}

const DETAILS: Partial<Record<ErrorKind, string>> = {
  invalid: 'The request could not be understood',
  forbidden: 'This credential may not do that',
  not_found: 'No such route',
};
