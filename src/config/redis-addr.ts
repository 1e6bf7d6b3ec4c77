import { isIPv6 } from 'node:net';
import { WrongValue } from './config-error.js';

export interface HostPort {
  host: string;
  port: number;
}

/** What an address says; what it leaves out stands in the variables beside it. */
export interface RedisAddress {
  /** More than one only for a cluster. */
  nodes: HostPort[];
  username?: string;
  password?: string;
  db?: number;
  tls: boolean;
}

/** Reads `host:port`, several of them separated by commas, or `redis[s]://user:password@host:port/db`. */
export function parseRedisAddr(addr: string): RedisAddress {
  if (/^rediss?:\/\//.test(addr)) return fromUrl(addr);
  return { nodes: addr.split(',').map((part) => parseHostPort(part.trim(), 6379)), tls: false };
}

/** The same server, without the password. */
export function maskRedisAddr(addr: string): string {
  const { nodes, username = '', password, db, tls } = parseRedisAddr(addr);
  const user = password === undefined ? username : `${username}:***`;
  const hosts = nodes.map(({ host, port }) => `${isIPv6(host) ? `[${host}]` : host}:${port}`).join(',');
  return `${tls ? 'rediss' : 'redis'}://${user && `${user}@`}${hosts}${db === undefined ? '' : `/${db}`}`;
}

const HOST_PORT = /^(?:\[([0-9a-f:.]+)\]|([\w.-]+))?(?::(\d{1,5}))?$/i;

/** Go's `:6379` means this machine. */
export function parseHostPort(text: string, defaultPort: number): HostPort {
  const [matched, ipv6, name, digits] = HOST_PORT.exec(text) ?? [];
  const port = Number(digits ?? defaultPort);
  const wrong = !matched || port < 1 || port > 65_535 || (ipv6 !== undefined && !isIPv6(ipv6));
  if (wrong) throw new WrongValue(`expected host:port, like localhost:${defaultPort}`);
  return { host: ipv6 ?? name ?? 'localhost', port };
}

const MALFORMED_URL =
  'expected host:port, or a URL like redis://user:password@host:6379/0, special characters in the password written as %XX';

function fromUrl(addr: string): RedisAddress {
  if (/[\s\p{Cc}]/u.test(addr) || !URL.canParse(addr)) throw new WrongValue(MALFORMED_URL);
  const url = new URL(addr);
  const [, db] = /^\/?(\d{0,4})$/.exec(url.pathname) ?? [];
  if (db === undefined || url.search !== '' || url.hash !== '') throw new WrongValue(MALFORMED_URL);
  return {
    nodes: [parseHostPort(url.host, 6379)],
    ...(url.username && { username: decoded(url.username) }),
    ...(url.password && { password: decoded(url.password) }),
    ...(db && { db: Number(db) }),
    tls: url.protocol === 'rediss:',
  };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new WrongValue(MALFORMED_URL);
  }
}
