import type { NextFunction, Request, RequestHandler } from 'express';
import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import { DomainError } from '../common/domain-error.js';
import { refuseUnsafe } from './safe-json.js';

/**
 * Reads and parses a JSON body, and refuses every other kind of body. Routes at `unread` read theirs themselves: when they know
 * who sends it, and in formats of their own.
 */
export function jsonBody(limitBytes: number, unread: readonly string[] = []): RequestHandler {
  return (req, _res, next) => {
    if (hasBody(req) && !unread.includes(routeOf(req.path))) return readInto(req, limitBytes, next);
    return next();
  };
}

async function readInto(req: Request, limitBytes: number, next: NextFunction): Promise<void> {
  requireJson(req);
  const bytes = await readBody(req, limitBytes);
  if (bytes.length > 0) req.body = parseJson(bytes);
  next();
}

/** Express routes `/Logs/` like `/logs`. */
const routeOf = (path: string): string => path.toLowerCase().replace(/\/$/, '');

/**
 * The body as it was before compression. The limit holds for what arrives and for what it inflates to. A body that has not arrived
 * within `patienceMs` is given up; without it, when the socket is.
 */
export async function readBody(req: IncomingMessage, limitBytes: number, patienceMs?: number): Promise<Buffer> {
  const encoding = req.headers['content-encoding']?.toLowerCase() ?? 'identity';
  const decompress = DECODERS.get(encoding);
  if (!decompress) throw new DomainError('unsupported_type', 'The content encoding must be gzip, deflate or br');
  if (Number(req.headers['content-length'] ?? 0) > limitBytes) throw tooLarge(limitBytes);
  const bytes = await collect(req, limitBytes, patienceMs);
  try {
    return await decompress(bytes, { maxOutputLength: limitBytes });
  } catch (error) {
    if ((error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(limitBytes);
    throw new DomainError('invalid', 'The body is not compressed as its content encoding says');
  }
}

/** Answers 415 for a body of another type or in another charset than UTF-8. */
function requireJson(req: IncomingMessage): void {
  requireType(req, ['application/json']);
}

/** @returns which of `types` the body is of */
export function requireType(req: IncomingMessage, types: readonly string[]): string {
  const [type = '', ...parameters] = (req.headers['content-type'] ?? '')
    .split(';')
    .map((part) => part.trim().toLowerCase());
  if (!types.includes(type)) {
    throw new DomainError('unsupported_type', `The content type must be ${types.join(' or ')}`);
  }
  const charset = parameters.find((parameter) => parameter.startsWith('charset='));
  if (charset && !/^charset="?utf-?8"?$/.test(charset)) {
    throw new DomainError('unsupported_type', 'The charset must be UTF-8');
  }
  return type;
}

export const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

type Decoder = (bytes: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>;

const DECODERS = new Map<string, Decoder>([
  ['identity', (bytes) => Promise.resolve(bytes)],
  ['gzip', promisify<Buffer, { maxOutputLength: number }, Buffer>(gunzip)],
  ['deflate', promisify<Buffer, { maxOutputLength: number }, Buffer>(inflate)],
  ['br', promisify<Buffer, { maxOutputLength: number }, Buffer>(brotliDecompress)],
]);

function collect(req: IncomingMessage, limitBytes: number, patienceMs?: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const take = (chunk: Buffer): void => {
      size += chunk.length;
      if (size <= limitBytes) chunks.push(chunk);
      else giveUp(tooLarge(limitBytes));
    };
    const giveUp = (reason: DomainError): void => {
      req.off('data', take);
      req.resume(); // The rest is read and dropped, so that the caller gets to see the answer.
      reject(reason);
    };
    const late = (): void => giveUp(new DomainError('timeout', 'The body did not arrive in time'));
    const timer = patienceMs === undefined ? undefined : setTimeout(late, patienceMs);
    req.on('data', take);
    req.once('end', () => resolve(Buffer.concat(chunks, size)));
    req.once('error', () => reject(new DomainError('invalid', 'The body was cut off')));
    req.once('close', () => clearTimeout(timer));
  });
}

function parseJson(bytes: Buffer): unknown {
  const body = parse(textOf(bytes));
  refuseUnsafe(body);
  return body;
}

export function textOf(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw malformed('The body is not valid UTF-8');
  return bytes.toString('utf8');
}

/** The message of the parser doesn't go out: it repeats parts of the body, which may be secret. */
export function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const [where = ''] = / at position \d+/.exec((error as Error).message) ?? [];
    throw malformed(`The body is not valid JSON${where}`);
  }
}

const malformed = (message: string): DomainError => new DomainError('invalid', message, { code: 'malformed_body' });

const tooLarge = (limitBytes: number): DomainError =>
  new DomainError('too_large', `The body must not exceed ${limitBytes} bytes, nor inflate to more`);
