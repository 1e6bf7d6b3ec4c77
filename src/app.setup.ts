import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Logger } from 'pino';
import { AppModule } from './app.module.js';
import { Metrics } from './common/metrics.js';
import type { Config } from './config/config.js';
import { translateDatabaseError } from './database/constraint-errors.js';
import { Drain } from './http/drain.js';
import { EdgeAdapter } from './http/edge-adapter.js';
import { configureEdge } from './http/edge.js';
import { NestLogger } from './http/logging.js';
import { serveDocument } from './http/openapi.js';
import { ProblemFilter } from './http/problem.filter.js';
import { RequestValidationPipe } from './http/validation.pipe.js';
import { INGEST_PATHS } from './modules/logs/ingest.dto.js';

export interface RunningApp {
  app: NestExpressApplication;
  drain: Drain;
}

/** The whole application, ready to listen: what `main` serves and what the tests drive. */
export async function createApp(config: Config, logger: Logger): Promise<RunningApp> {
  const app = await NestFactory.create<NestExpressApplication>(AppModule.forRoot(config), new EdgeAdapter(), {
    bodyParser: false,
    logger: new NestLogger(logger),
    abortOnError: false,
  });
  const drain = app.get(Drain);
  configureEdge(app, {
    logger,
    metrics: app.get(Metrics),
    drain,
    trustProxy: config.server.trust_proxy_cidrs,
    corsOrigins: config.server.cors_allow_origins,
    bodyLimitBytes: config.server.body_limit_bytes,
    unreadBodies: INGEST_PATHS,
  });
  app.useGlobalPipes(new RequestValidationPipe());
  app.useGlobalFilters(new ProblemFilter(translateDatabaseError));
  if (config.server.swagger_enabled) serveDocument(app);
  return { app, drain };
}
