import type { NestExpressApplication } from '@nestjs/platform-express';
import type { RequestHandler } from 'express';
import helmet from 'helmet';
import type { Logger } from 'pino';
import { DomainError } from '../common/domain-error.js';
import type { Metrics } from '../common/metrics.js';
import { REQUEST_ID_HEADER } from '../contract/names.js';
import { accessLog } from './access-log.js';
import type { Drain } from './drain.js';
import { jsonBody } from './json-body.js';
import { ALLOWED_METHODS } from './problem.js';
import { requestMetrics } from './request-metrics.js';
import { requestScope } from './request-scope.js';

export interface EdgeOptions {
  logger: Logger;
  metrics: Metrics;
  drain: Drain;
  /** Proxies whose `X-Forwarded-For` is believed. */
  trustProxy: readonly string[];
  /** Empty: no other origin may read answers. `*`: every one may. */
  corsOrigins: readonly string[];
  bodyLimitBytes: number;
  /** Paths of routes that read their bodies themselves. */
  unreadBodies?: readonly string[];
}

/** What every request passes before it is routed, in this order. The application is created with `bodyParser: false`. */
export function configureEdge(app: NestExpressApplication, options: EdgeOptions): void {
  app
    .disable('x-powered-by')
    .disable('etag')
    .set('query parser', 'simple')
    .set('trust proxy', [...options.trustProxy]);
  app.use(requestScope);
  app.use(requestMetrics(options.metrics));
  app.use(accessLog(options.logger));
  app.use(helmet({ contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } } }));
  if (options.corsOrigins.length > 0) app.enableCors(corsOf(options.corsOrigins));
  app.use(options.drain.admit);
  app.use(refuseOddRequests);
  app.use(jsonBody(options.bodyLimitBytes, options.unreadBodies));
}

function corsOf(origins: readonly string[]): Parameters<NestExpressApplication['enableCors']>[0] {
  return {
    origin: origins.includes('*') ? '*' : [...origins],
    methods: ALLOWED_METHODS,
    exposedHeaders: [
      'ETag',
      'EZ-Config-Version',
      'EZ-Propagation',
      'Idempotency-Replayed',
      'Retry-After',
      REQUEST_ID_HEADER,
    ],
    maxAge: 600,
  };
}

const MAX_URI_LENGTH = 8192;
const METHODS = new Set(ALLOWED_METHODS);

const refuseOddRequests: RequestHandler = (req, _res, next) => {
  if (!METHODS.has(req.method)) throw new DomainError('method_not_allowed', 'This method is not used here');
  if (req.url.length > MAX_URI_LENGTH) {
    throw new DomainError('uri_too_long', `The URI must not exceed ${MAX_URI_LENGTH} characters`);
  }
  next();
};
