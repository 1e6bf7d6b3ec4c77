import type { Request, RequestHandler, Response } from 'express';
import { Counter, Histogram } from 'prom-client';
import type { Metrics } from '../common/metrics.js';
import { ALLOWED_METHODS } from './problem.js';

const METHODS = new Set(ALLOWED_METHODS);

/** Counts requests by the template of their route: whatever paths are tried, the number of series is that of the routes. */
export function requestMetrics({ registry }: Metrics): RequestHandler {
  const requests = new Counter({
    name: 'ez_http_requests_total',
    help: 'Requests; status `aborted`: the client left before its answer was written',
    labelNames: ['method', 'route', 'status'],
    registers: [registry],
  });
  const durations = new Histogram({
    name: 'ez_http_request_duration_seconds',
    help: 'From the first look at a request to the end of its answer',
    labelNames: ['route'],
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [registry],
  });
  return (req, res, next) => {
    const startedAt = performance.now();
    res.once('close', () => {
      const route = routeOf(req);
      requests.inc({ method: METHODS.has(req.method) ? req.method : 'other', route, status: statusOf(res) });
      durations.observe({ route }, (performance.now() - startedAt) / 1000);
    });
    next();
  };
}

function routeOf({ route }: Request): string {
  const path = (route as { path?: unknown } | undefined)?.path;
  return typeof path === 'string' ? path : 'unmatched';
}

const statusOf = (res: Response): string | number => (res.writableFinished ? res.statusCode : 'aborted');
