import type { NextFunction, Request, Response } from 'express';
import { randomUUID } from 'node:crypto';
import { runInRequestContext } from '../common/request-context.js';

/** Gives every request its id, kept from the caller if it is a plain one, and the context that the id travels in. */
export function requestScope(req: Request, res: Response, next: NextFunction): void {
  const given = req.headers['x-request-id'];
  const request_id = typeof given === 'string' && PLAIN_ID.test(given) ? given : newRequestId();
  res.setHeader('X-Request-ID', request_id);
  runInRequestContext({ request_id, ip: plainAddress(req.ip ?? '') }, () => next());
}

export const newRequestId = (): string => randomUUID().replaceAll('-', '');

const PLAIN_ID = /^[A-Za-z0-9._-]{1,64}$/;

/** A dual-stack socket reports v4 callers as `::ffff:a.b.c.d`. */
const plainAddress = (address: string): string =>
  address.startsWith('::ffff:') && address.includes('.') ? address.slice('::ffff:'.length) : address;
