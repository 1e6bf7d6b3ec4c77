import { appendFileSync, chmodSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { preparePostgres } from '../../bin/lib/postgres.mjs';
import { CONFIGURATION, LOGS, migrate } from '../../src/database/migrate.js';
import { parsePgDsn } from '../../src/config/pg-dsn.js';
import { TcpProxy } from './tcp-proxy.js';

interface Member {
  dsn: string;
  stop(): Promise<unknown>;
}

/** A PostgreSQL and its asynchronous replica, with one address for the two of them. */
export class PostgresPair {
  private constructor(
    private readonly folder: string,
    private readonly address: Address,
    /** Between the two. */
    private readonly link: TcpProxy,
    private readonly primary: Member,
    private readonly standby: Member,
  ) {}

  static async start(): Promise<PostgresPair> {
    const folder = mkdtempSync(join(tmpdir(), 'ez-api-pair-'));
    // PostgreSQL may have to run as another user than us.
    chmodSync(folder, 0o711);
    const [ofPrimary, ofStandby] = [join(folder, 'primary'), join(folder, 'standby')];
    // The copy is made of a server that was stopped in good order.
    const first = await startMember(ofPrimary);
    for (const set of [CONFIGURATION, LOGS]) await migrate(parsePgDsn(first.dsn), set);
    await first.stop();
    cpSync(ofPrimary, ofStandby, { recursive: true });
    const primary = await startMember(ofPrimary);
    const link = await TcpProxy.to(parsePgDsn(primary.dsn));
    writeFileSync(join(ofStandby, 'cluster', 'standby.signal'), '');
    const password = readFileSync(join(ofPrimary, 'password'), 'utf8');
    const conninfo = `host=127.0.0.1 port=${link.port} user=ez password=${password}`;
    appendFileSync(join(ofStandby, 'cluster', 'postgresql.auto.conf'), `primary_conninfo = '${conninfo}'\n`);
    const standby = await startMember(ofStandby);
    return new PostgresPair(folder, await Address.of(primary.dsn), link, primary, standby);
  }

  /** Of whichever of the two is the primary. */
  get dsn(): string {
    const dsn = new URL(this.primary.dsn);
    dsn.port = String(this.address.port);
    return dsn.href;
  }

  onStandby<R extends object>(statement: string, values?: unknown[]): Promise<R[]> {
    return query<R>(this.standby.dsn, statement, values);
  }

  /** What is committed from here on does not reach the replica. */
  cutReplication(): Promise<void> {
    return this.link.refuse();
  }

  /** The primary is gone, and the replica goes on from where it is. */
  async promote(): Promise<void> {
    this.address.close();
    await this.primary.stop();
    await this.onStandby('SELECT pg_promote(true, 60)');
  }

  async admitClients(): Promise<void> {
    await this.address.lead(this.standby.dsn);
  }

  async stop(): Promise<void> {
    this.address.close();
    await this.link.close();
    await Promise.all([this.primary.stop(), this.standby.stop()]);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

async function startMember(folder: string): Promise<Member> {
  const server = await preparePostgres({ folder, throwaway: true });
  const running = await server.start();
  return { dsn: server.env.EZ_PG_DSN!, stop: () => running.stop() };
}

async function query<R extends object>(dsn: string, statement: string, values?: unknown[]): Promise<R[]> {
  const client = new pg.Client(parsePgDsn(dsn));
  await client.connect();
  try {
    return (await client.query<R>(statement, values)).rows;
  } finally {
    await client.end();
  }
}

/** Leads clients to one server, and later to another. */
class Address {
  private readonly sockets = new Set<net.Socket>();
  private readonly listener = net.createServer((client) => this.connect(client));
  port = 0;

  private constructor(private target: { host: string; port: number }) {}

  static async of(dsn: string): Promise<Address> {
    const address = new Address(parsePgDsn(dsn));
    await address.lead(dsn);
    return address;
  }

  async lead(dsn: string): Promise<void> {
    this.target = parsePgDsn(dsn);
    await new Promise<void>((listening) => this.listener.listen(this.port, '127.0.0.1', listening));
    this.port = (this.listener.address() as net.AddressInfo).port;
  }

  close(): void {
    this.listener.close();
    for (const socket of this.sockets) socket.destroy();
  }

  private connect(client: net.Socket): void {
    const server = net.connect(this.target.port, this.target.host);
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  }
}
