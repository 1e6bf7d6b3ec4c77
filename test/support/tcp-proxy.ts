import { EventEmitter, once } from 'node:events';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Framer, Message } from './wire.js';

export interface Address {
  host: string;
  port: number;
}

export type Direction = 'toServer' | 'toClient';

/** What becomes of a message of a client: `drop` loses it and all that follows on its connection. */
export type Verdict = 'pass' | 'drop';

/**
 * A network to break: stands on the loopback between clients and a server, and hinders what passes. What is set holds for
 * the connections there are and for those to come, until pass(). One that knows the wire can be asked about each message.
 */
export class TcpProxy {
  /** Sees every message before the server does. */
  judge: ((message: Message, connection: Connection) => Verdict) | undefined;
  private readonly network = new Network();
  private readonly connections = new Set<Connection>();
  private readonly listener = net.createServer({ allowHalfOpen: true, noDelay: true }, (client) =>
    this.connect(client),
  );
  /** Stays the same for life. */
  port = 0;

  private constructor(
    private readonly server: Address,
    private readonly wire: (() => Framer) | undefined,
  ) {}

  static async to(server: Address, wire?: () => Framer): Promise<TcpProxy> {
    const proxy = new TcpProxy(server, wire);
    await proxy.listen();
    return proxy;
  }

  /** Heals everything. What a black hole held back arrives now, as lost packets do when they are sent again. */
  async pass(): Promise<void> {
    this.network.become({});
    if (!this.listener.listening) await this.listen();
  }

  /** Everything takes that much longer, either way. */
  delay(ms: number): void {
    this.network.become({ delayMs: ms });
  }

  throttle(bytesPerSecond: number): void {
    this.network.become({ bytesPerSecond });
  }

  /** Connections stay open and new ones are accepted, but nothing arrives any more, not even their end. */
  blackHole(direction?: Direction): void {
    this.network.become({ silent: direction ? [direction] : ['toServer', 'toClient'] });
  }

  /** Breaks the connections there are; new ones are welcome. */
  reset(): void {
    for (const connection of this.connections) connection.reset();
  }

  /** Breaks the connections there are and refuses new ones. */
  async refuse(): Promise<void> {
    if (!this.listener.listening) return;
    const closed = once(this.listener, 'close');
    this.listener.close();
    this.reset();
    await closed;
  }

  close(): Promise<void> {
    return this.refuse();
  }

  private async listen(): Promise<void> {
    this.listener.listen(this.port, '127.0.0.1');
    await once(this.listener, 'listening');
    this.port = (this.listener.address() as net.AddressInfo).port;
  }

  private connect(client: net.Socket): void {
    const server = net.connect({ ...this.server, allowHalfOpen: true, noDelay: true });
    const connection = new Connection(client, server, this.network);
    connection.open(this.wire && this.sieve(this.wire(), connection));
    this.connections.add(connection);
    client.once('close', () => this.connections.delete(connection));
  }

  /** What is left of the bytes of a client. */
  private sieve(framer: Framer, connection: Connection): (bytes: Buffer) => Buffer {
    let isMute = false;
    return (bytes) => {
      const passed = framer(bytes).filter((message) => {
        isMute ||= this.judge?.(message, connection) === 'drop';
        return !isMute;
      });
      return Buffer.concat(passed.map((message) => message.bytes));
    };
  }
}

interface Conditions {
  delayMs?: number;
  bytesPerSecond?: number;
  silent?: Direction[];
}

class Network {
  private conditions: Conditions = {};
  private readonly changes = new EventEmitter().setMaxListeners(0);

  become(conditions: Conditions): void {
    this.conditions = conditions;
    this.changes.emit('change');
  }

  get delayMs(): number {
    return this.conditions.delayMs ?? 0;
  }

  get bytesPerSecond(): number {
    return this.conditions.bytesPerSecond ?? Infinity;
  }

  async untilHeard(direction: Direction): Promise<void> {
    while (this.isSilent(direction)) await once(this.changes, 'change');
  }

  private isSilent(direction: Direction): boolean {
    return this.conditions.silent?.includes(direction) ?? false;
  }
}

export class Connection {
  private held: Promise<void> | undefined;
  private release: (() => void) | undefined;

  constructor(
    private readonly client: net.Socket,
    private readonly server: net.Socket,
    private readonly network: Network,
  ) {}

  open(sieve?: (bytes: Buffer) => Buffer): void {
    const { network } = this;
    const free = async (): Promise<void> => this.held;
    new Pipe(this.client, this.server, { direction: 'toServer', network, free }).open(sieve);
    new Pipe(this.server, this.client, { direction: 'toClient', network, free }).open();
  }

  /** Nothing arrives any more, either way, and neither side is told; what is sent meanwhile arrives when it is let go. */
  hold(): void {
    this.held ??= new Promise((resolve) => (this.release = resolve));
  }

  letGo(): void {
    this.held = undefined;
    this.release?.();
  }

  reset(): void {
    this.client.resetAndDestroy();
    this.server.resetAndDestroy();
  }
}

/** How a connection ends travels like its bytes, and in order with them. */
type Parcel = Buffer | 'end' | 'reset';

/** What a network takes in before the sender feels that nothing arrives. */
const CAPACITY_BYTES = 64 * 1024;

class Pipe {
  private readonly underway: { parcel: Parcel; dueAt: number }[] = [];
  private bytesUnderway = 0;
  private delivering = false;

  constructor(
    private readonly from: net.Socket,
    private readonly to: net.Socket,
    private readonly route: { direction: Direction; network: Network; free: () => Promise<void> },
  ) {}

  open(sieve = (bytes: Buffer): Buffer => bytes): void {
    this.from.on('data', (bytes) => this.accept(sieve(bytes)));
    this.from.on('end', () => this.accept('end'));
    this.from.on('error', () => this.accept('reset'));
  }

  private accept(parcel: Parcel): void {
    this.underway.push({ parcel, dueAt: performance.now() + this.route.network.delayMs });
    this.bytesUnderway += sizeOf(parcel);
    if (this.bytesUnderway > CAPACITY_BYTES) this.from.pause();
    if (!this.delivering) void this.deliver();
  }

  private async deliver(): Promise<void> {
    this.delivering = true;
    for (let next = this.underway[0]; next; next = this.underway[0]) {
      const earlyMs = next.dueAt - performance.now();
      if (earlyMs > 0) await sleep(earlyMs);
      await this.handOver(next.parcel);
      this.underway.shift();
      this.bytesUnderway -= sizeOf(next.parcel);
      this.from.resume();
    }
    this.delivering = false;
  }

  private async handOver(parcel: Parcel): Promise<void> {
    const { direction, network, free } = this.route;
    await network.untilHeard(direction);
    await free();
    if (parcel === 'end') this.to.end();
    else if (parcel === 'reset') this.to.resetAndDestroy();
    else await this.write(parcel);
  }

  /** In twentieths of a second, so that a slow network trickles instead of stalling and bursting. */
  private async write(bytes: Buffer): Promise<void> {
    let sent = 0;
    while (sent < bytes.length) {
      const { bytesPerSecond } = this.route.network;
      const part = bytes.subarray(sent, sent + Math.max(1, Math.min(bytes.length, Math.floor(bytesPerSecond / 20))));
      if (bytesPerSecond < Infinity) await sleep((part.length / bytesPerSecond) * 1000);
      await this.route.network.untilHeard(this.route.direction);
      this.to.write(part);
      sent += part.length;
    }
  }
}

const sizeOf = (parcel: Parcel): number => (typeof parcel === 'string' ? 0 : parcel.length);
