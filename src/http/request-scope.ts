import type { NextFunction, Request, Response } from 'express';
import { runInRequestContext } from '../common/request-context.js';
import { REQUEST_ID_HEADER, requestId } from '../contract/names.js';

/** Gives every request its id, kept from the caller if it is a plain one, and the context that the id travels in. */
export function requestScope(req: Request, res: Response, next: NextFunction): void {
  const request_id = requestId(req.get(REQUEST_ID_HEADER));
  res.setHeader(REQUEST_ID_HEADER, request_id);
  runInRequestContext({ request_id, ip: plainAddress(req.ip ?? '') }, () => next());
}

/** A dual-stack socket reports v4 callers as `::ffff:a.b.c.d`. */
const plainAddress = (address: string): string =>
  address.startsWith('::ffff:') && address.includes('.') ? address.slice('::ffff:'.length) : address;
