import type { ServerResponse } from 'node:http';
import { DomainError, ERROR_KINDS, type ErrorKind, type FieldError } from '../common/domain-error.js';

/** RFC 9457, with what a program branches on (`code`), each wrong field, and the id to find the request by. */
export interface ProblemBody {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  errors: readonly FieldError[];
  request_id: string;
}

export const PROBLEM_TYPE = 'application/problem+json';
export const ALLOWED_METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** What goes over the wire for an error that the caller can understand. */
export function problemOf(error: DomainError, requestId: string): ProblemBody {
  const { status, title } = ERROR_KINDS[error.kind];
  // Why a credential was not accepted is nobody's business who has none.
  const { code, message, errors } = error.kind === 'unauthenticated' ? UNAUTHENTICATED : error;
  return problem({ status, title, code, detail: message, errors }, requestId);
}

/** Everything else: the log has the stack, the caller gets the request id. */
export const internalProblem = (requestId: string): ProblemBody =>
  problem({ status: 500, title: 'Internal error', code: 'internal', detail: INTERNAL_DETAIL, errors: [] }, requestId);

/** The headers that go with an error, besides the type of its body. */
export function problemHeaders({ kind, retryAfterSeconds }: DomainError): Record<string, string> {
  const headers: Record<string, string> = { 'Cache-Control': 'no-store', ...HEADERS[kind] };
  if (retryAfterSeconds !== undefined) headers['Retry-After'] = String(Math.max(1, Math.ceil(retryAfterSeconds)));
  return headers;
}

export function sendProblem(res: ServerResponse, body: ProblemBody, headers: Record<string, string>): void {
  for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
  res.statusCode = body.status;
  res.setHeader('Content-Type', PROBLEM_TYPE);
  res.end(JSON.stringify(body));
}

const UNAUTHENTICATED = new DomainError('unauthenticated', 'A valid credential is needed');
const INTERNAL_DETAIL = 'Something went wrong on our side. The request id finds it in the log';

const HEADERS: Partial<Record<ErrorKind, Record<string, string>>> = {
  unauthenticated: { 'WWW-Authenticate': 'Bearer' },
  method_not_allowed: { Allow: ALLOWED_METHODS.join(', ') },
  too_many: { 'Retry-After': '1' },
  unavailable: { 'Retry-After': '1' },
};

const problem = (parts: Omit<ProblemBody, 'type' | 'request_id'>, request_id: string): ProblemBody => ({
  type: `urn:ez-api:problem:${parts.code}`,
  ...parts,
  request_id,
});
