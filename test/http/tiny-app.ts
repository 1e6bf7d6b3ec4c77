import { Module, type ModuleMetadata, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, type Socket } from 'node:net';
import type { DomainError } from '../../src/common/domain-error.js';
import { Metrics } from '../../src/common/metrics.js';
import { Drain } from '../../src/http/drain.js';
import { EdgeAdapter, type SocketLimits } from '../../src/http/edge-adapter.js';
import { configureEdge, type EdgeOptions } from '../../src/http/edge.js';
import { createLogger, NestLogger } from '../../src/http/logging.js';
import { ProblemFilter } from '../../src/http/problem.filter.js';
import { RequestValidationPipe } from '../../src/http/validation.pipe.js';

export const BODY_LIMIT = 10_000;

export interface TinyApp {
  app: NestExpressApplication;
  url: string;
  port: number;
  drain: Drain;
  /** Every line that was logged. */
  log: Record<string, unknown>[];
  close(): Promise<void>;
}

interface TinyOptions {
  imports?: ModuleMetadata['imports'];
  edge?: Partial<EdgeOptions>;
  limits?: SocketLimits;
  translate?: (error: unknown) => DomainError | undefined;
  beforeListen?: (app: NestExpressApplication) => void;
}

/** The edge with a few routes behind it: real HTTP, and no database unless `imports` bring one. */
export async function startTinyApp(controller: Type, options: TinyOptions = {}): Promise<TinyApp> {
  @Module({ imports: options.imports, controllers: [controller] })
  class TinyModule {}

  const log: Record<string, unknown>[] = [];
  const write = (line: string): void => void log.push(JSON.parse(line) as Record<string, unknown>);
  const logger = createLogger({ level: 'debug', format: 'json' }, { write });
  const drain = new Drain();
  const app = await NestFactory.create<NestExpressApplication>(TinyModule, new EdgeAdapter(options.limits), {
    bodyParser: false,
    logger: new NestLogger(logger),
  });
  const metrics = new Metrics();
  const defaults = { logger, metrics, drain, trustProxy: [], corsOrigins: [], bodyLimitBytes: BODY_LIMIT };
  configureEdge(app, { ...defaults, ...options.edge });
  app.useGlobalFilters(new ProblemFilter(options.translate ?? (() => undefined)));
  app.useGlobalPipes(new RequestValidationPipe());
  options.beforeListen?.(app);
  await app.listen(0, '127.0.0.1');
  const server = app.getHttpServer();
  const { port } = server.address() as AddressInfo;
  const close = (): Promise<void> => {
    server.closeAllConnections();
    return app.close();
  };
  return { app, url: `http://127.0.0.1:${port}`, port, drain, log, close };
}

/** Sends bytes as they are, and answers all that comes back until the server closes. */
export async function sendRaw(port: number, text: string): Promise<string> {
  const socket = await open(port);
  socket.write(text);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(socket, 'close');
  return Buffer.concat(chunks).toString('latin1');
}

export async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

export const postJson = (url: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
