import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Stands between programs and Redis, and can be shut: connections break, and new ones are refused. */
export class Gate {
  private readonly sockets = new Set<Socket>();
  private readonly server = createServer({ noDelay: true }, (client) => this.pass(client));
  private port = 0;

  private constructor(
    private readonly host: string,
    private readonly target: number,
  ) {}

  static async before(addr: string): Promise<Gate> {
    const [host, port] = addr.split(':') as [string, string];
    const gate = new Gate(host, Number(port));
    await gate.open();
    gate.port = (gate.server.address() as AddressInfo).port;
    return gate;
  }

  get addr(): string {
    return `127.0.0.1:${this.port}`;
  }

  async open(): Promise<void> {
    this.server.listen(this.port, '127.0.0.1');
    await once(this.server, 'listening');
  }

  async shut(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    this.breakConnections();
    await closed;
  }

  breakConnections(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  private pass(client: Socket): void {
    const server = connect({ host: this.host, port: this.target, noDelay: true });
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      this.sockets.add(from);
      from.on('error', () => undefined); // it closes, which is what counts
      from.on('close', () => {
        this.sockets.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
  }
}
