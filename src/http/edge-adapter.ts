import { ExpressAdapter } from '@nestjs/platform-express';
import { createServer, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { DomainError, ERROR_KINDS, type ErrorKind } from '../common/domain-error.js';
import { newRequestId, REQUEST_ID_HEADER } from '../contract/names.js';
import { PROBLEM_TYPE, problemOf } from './problem.js';

export interface SocketLimits {
  headersTimeoutMs: number;
  requestTimeoutMs: number;
  keepAliveTimeoutMs: number;
}

/** An Express server that gives slow callers a limited time; Nest has no option for it. */
export class EdgeAdapter extends ExpressAdapter {
  constructor(private readonly limits: SocketLimits = LIMITS) {
    super();
  }

  override initHttpServer(): void {
    const { headersTimeoutMs, requestTimeoutMs, keepAliveTimeoutMs } = this.limits;
    this.httpServer = createServer(
      {
        maxHeaderSize: 16_384,
        headersTimeout: headersTimeoutMs,
        requestTimeout: requestTimeoutMs,
        keepAliveTimeout: keepAliveTimeoutMs,
        // Node looks for slow requests only this often; its default of 30 s would make the limits above much longer.
        connectionsCheckingInterval: Math.min(1_000, headersTimeoutMs),
      },
      this.getInstance<Parameters<typeof createServer>[1]>(),
    ).on('clientError', answerUnreadable);
  }
}

/** Longer than the idle time of usual load balancers, so that they close first and never race with us. */
const LIMITS: SocketLimits = { headersTimeoutMs: 10_000, requestTimeoutMs: 30_000, keepAliveTimeoutMs: 65_000 };

/** What Node could not read as HTTP never reaches Express, so the answer is written by hand. */
function answerUnreadable(error: NodeJS.ErrnoException & { rawPacket?: Buffer }, socket: Duplex): void {
  const { _httpMessage: running } = socket as Duplex & { _httpMessage?: { headersSent: boolean } };
  if (!socket.writable || error.code === 'ECONNRESET' || running?.headersSent) return void socket.destroy();
  const requestId = newRequestId();
  const body = JSON.stringify(problemOf(unreadable(error), requestId));
  const { status } = JSON.parse(body) as { status: number };
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    `Content-Type: ${PROBLEM_TYPE}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    `${REQUEST_ID_HEADER}: ${requestId}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

function unreadable({ code, rawPacket }: NodeJS.ErrnoException & { rawPacket?: Buffer }): DomainError {
  if (code === 'HPE_HEADER_OVERFLOW' && LONG_URI.test(rawPacket?.toString('latin1') ?? '')) {
    return new DomainError('uri_too_long', ERROR_KINDS.uri_too_long.title);
  }
  const kind = KINDS[code ?? ''] ?? 'invalid';
  return new DomainError(kind, kind === 'invalid' ? 'This is not HTTP' : ERROR_KINDS[kind].title);
}

const KINDS: Record<string, ErrorKind> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'timeout',
};

/** Node counts the request line among the headers. */
const LONG_URI = /^[A-Z]+ \S{8192}/;
