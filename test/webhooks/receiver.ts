import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Json } from '../support/http.js';

export const SECRET = 'a-secret-of-the-receiver';
export const PATH = '/admin/logs/webhook';
/** A receiver on this machine is neither public nor behind TLS. */
export const LOOPBACK = { EZ_OUTBOUND_ALLOW_HTTP: 'true', EZ_OUTBOUND_ALLOW_CIDRS: '127.0.0.0/8' };

export interface Received {
  headers: http.IncomingHttpHeaders;
  text: string;
  body: Json;
}

/** Somebody's program that is told of alerts. */
export class Receiver {
  readonly received: Received[] = [];
  /** Status of the next answers; 0: none at all. */
  answers = 200;
  whenCalled: () => Promise<unknown> = () => Promise.resolve();

  private constructor(private readonly server: http.Server) {}

  static async start(): Promise<Receiver> {
    const server = http.createServer((req, res) => void receiver.receive(req, res));
    const receiver = new Receiver(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/hook`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((closed) => this.server.close(closed));
  }

  private async receive(req: http.IncomingMessage, res: http.ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    this.received.push({ headers: req.headers, text, body: JSON.parse(text) });
    await this.whenCalled();
    if (this.answers === 0) return;
    res.writeHead(this.answers, { location: 'http://127.0.0.1:9/' }).end('an answer that nobody reads');
  }
}
