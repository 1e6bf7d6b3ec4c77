import type { RequestHandler, Response } from 'express';
import type { Logger } from 'pino';
import { requestContext } from '../common/request-context.js';

/** One line for each request, of a fixed set of fields: no query string, no headers, no bodies. */
export function accessLog(logger: Logger): RequestHandler {
  return (req, res, next) => {
    const startedAt = performance.now();
    const path = plainPath(req.originalUrl.split('?', 1)[0]!);
    const context = requestContext();
    res.once('close', () => {
      const line = {
        method: req.method,
        path,
        status: res.statusCode,
        duration_ms: Math.round((performance.now() - startedAt) * 10) / 10,
        aborted: res.writableFinished ? undefined : true,
        request_id: context?.request_id,
        actor_type: context?.actor?.type,
        actor_id: context?.actor?.id,
        ip: context?.ip,
        config_version: configVersion(res),
      };
      const message = `${req.method} ${path} ${res.statusCode}`;
      if (PROBES.test(path) || (INGEST.test(path) && res.statusCode < 300)) logger.debug(line, message);
      else logger.info(line, message);
    });
    next();
  };
}

/** Asked every few seconds by whoever watches us; they would drown the rest. */
const PROBES = /^\/(health(\/.*)?|api\/status\/test|internal\/metrics)$/;

/** Balancers report thousands of requests a second here: what was taken in is counted, and only what was refused has a line. */
const INGEST = /^\/(internal\/)?logs$/;

/** Words and ids are ours. Anything else was put there by the caller, and may be a key pasted into the wrong place. */
const plainPath = (path: string): string =>
  path
    .split('/')
    .map((segment) => (PLAIN_SEGMENT.test(segment) ? segment : '…'))
    .join('/');

const PLAIN_SEGMENT = /^(?:[a-z][a-z0-9-]{0,23}|\d{0,16})$/;

const configVersion = (res: Response): string | undefined => res.getHeader('EZ-Config-Version')?.toString();
