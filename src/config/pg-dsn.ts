import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import { WrongValue } from './config-error.js';

/** What pg needs to reach a server, in pg's own spelling. */
export interface PgOptions {
  host: string;
  port: number;
  user: string;
  password?: string;
  database: string;
  ssl: boolean | ConnectionOptions;
  application_name?: string;
  connectionTimeoutMillis?: number;
  options?: string;
}

/**
 * Reads both forms that libpq knows: `postgresql://user:password@host:5432/database?sslmode=require` and
 * `host=... user=... password='it''s'`. A host that begins with `/` is the folder of a Unix socket.
 */
export function parsePgDsn(dsn: string): PgOptions {
  const params = pgParams(dsn);
  const user = params.get('user');
  if (user === undefined) throw new WrongValue('expected a PostgreSQL DSN that names a user');
  return {
    host: hostOf(params),
    port: wholeNumber(params, 'port', 65_535) ?? 5432,
    user,
    ...optional('password', params.get('password')),
    database: params.get('dbname') ?? user,
    ssl: sslOf(params),
    ...optional('application_name', params.get('application_name')),
    ...optional('connectionTimeoutMillis', timeoutMs(params)),
    ...optional('options', sessionOptions(params)),
  };
}

/** The same server in the keyword form, without the password. */
export function maskPgDsn(dsn: string): string {
  return [...pgParams(dsn)].map(([key, value]) => `${key}=${key === 'password' ? '***' : quoted(value)}`).join(' ');
}

const KEYWORDS: ReadonlySet<string> = new Set([
  'host',
  'port',
  'user',
  'password',
  'dbname',
  'sslmode',
  'sslrootcert',
  'sslcert',
  'sslkey',
  'application_name',
  'connect_timeout',
  'options',
  'TimeZone',
]);

function pgParams(dsn: string): Map<string, string> {
  const params = /^postgres(ql)?:\/\//.test(dsn) ? fromUrl(dsn) : fromKeywords(dsn);
  for (const [key, value] of params) {
    // The word is not repeated: after a missing quote it may be half of a password.
    if (!KEYWORDS.has(key))
      throw new WrongValue(`expected a PostgreSQL DSN with no keywords but ${[...KEYWORDS].join(' ')}`);
    if (value === '') params.delete(key);
  }
  return params;
}

const MALFORMED_URL =
  'expected a URL like postgresql://user:password@host:5432/database, special characters in the password written as %XX';

function fromUrl(text: string): Map<string, string> {
  // libpq lets a user stand before no host at all, URL does not.
  const dsn = text.replace(/^(\w+:\/\/[^/@]*@)(?=\/)/, '$1localhost');
  // URL drops blanks and line breaks in silence, and takes what follows a # for something else.
  if (/[\s#\p{Cc}]/u.test(dsn) || !URL.canParse(dsn)) throw new WrongValue(MALFORMED_URL);
  const url = new URL(dsn);
  const database = url.pathname.replace(/^\//, '');
  if (database.includes('/')) throw new WrongValue(MALFORMED_URL);
  try {
    return new Map([
      ['host', decodeURIComponent(url.hostname.replace(/^\[(.*)\]$/, '$1'))],
      ['port', url.port],
      ['user', decodeURIComponent(url.username)],
      ['password', decodeURIComponent(url.password)],
      ['dbname', decodeURIComponent(database)],
      ...url.searchParams,
    ]);
  } catch {
    throw new WrongValue(MALFORMED_URL);
  }
}

/** `key = value` or `key = 'value'`; a backslash makes the next character literal, as in libpq. */
const PAIR = /\s*([A-Za-z_]+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|((?!')(?:[^\s\\]|\\.)*))(?=\s|$)/suy;

function fromKeywords(dsn: string): Map<string, string> {
  const params = new Map<string, string>();
  const pair = new RegExp(PAIR);
  while (dsn.slice(pair.lastIndex).trim() !== '') {
    const [, key, inQuotes, bare = ''] = pair.exec(dsn) ?? [];
    if (key === undefined)
      throw new WrongValue("expected a PostgreSQL URL, or pairs like host=localhost password='a b'");
    params.set(key === 'timezone' ? 'TimeZone' : key, (inQuotes ?? bare).replace(/\\(.)/gsu, '$1'));
  }
  return params;
}

function quoted(value: string): string {
  return /^[^\s'\\]+$/.test(value) ? value : `'${value.replace(/['\\]/g, '\\$&')}'`;
}

function optional<K extends keyof PgOptions>(key: K, value: PgOptions[K]): Partial<Pick<PgOptions, K>> {
  return value === undefined ? {} : ({ [key]: value } as Partial<Pick<PgOptions, K>>);
}

function hostOf(params: Map<string, string>): string {
  const host = params.get('host') ?? 'localhost';
  if (host.includes(',')) throw new WrongValue('expected a PostgreSQL DSN with one host');
  return host;
}

function wholeNumber(params: Map<string, string>, key: string, max: number): number | undefined {
  const digits = params.get(key);
  if (digits === undefined) return undefined;
  const value = Number(digits);
  if (/^\d{1,5}$/.test(digits) && value >= 1 && value <= max) return value;
  throw new WrongValue(`expected a PostgreSQL DSN whose ${key} is a whole number from 1 to ${max}`);
}

function timeoutMs(params: Map<string, string>): number | undefined {
  const seconds = wholeNumber(params, 'connect_timeout', 3600);
  return seconds === undefined ? undefined : seconds * 1000;
}

function sessionOptions(params: Map<string, string>): string | undefined {
  const zone = params.get('TimeZone');
  if (zone === undefined) return params.get('options');
  if (!/^[\w+/-]+$/.test(zone)) throw new WrongValue('expected a PostgreSQL DSN whose TimeZone is like Europe/Berlin');
  return [params.get('options'), `-c TimeZone=${zone}`].filter(Boolean).join(' ');
}

const acceptAnyName = (): undefined => undefined;

/**
 * libpq's promises, mode by mode. pg can't fall back after the first try, so `allow` stays plain, and `prefer` means TLS:
 * a server without it fails loudly instead of receiving a password in the clear.
 */
const SSL = new Map<string, (hasRoot: boolean) => false | ConnectionOptions>([
  ['disable', () => false],
  ['allow', () => false],
  ['prefer', () => ({ rejectUnauthorized: false })],
  ['require', (hasRoot) => ({ rejectUnauthorized: hasRoot, ...(hasRoot && { checkServerIdentity: acceptAnyName }) })],
  ['verify-ca', () => ({ rejectUnauthorized: true, checkServerIdentity: acceptAnyName })],
  ['verify-full', () => ({ rejectUnauthorized: true })],
]);

function sslOf(params: Map<string, string>): false | ConnectionOptions {
  const files = {
    ca: fileNamed(params, 'sslrootcert'),
    cert: fileNamed(params, 'sslcert'),
    key: fileNamed(params, 'sslkey'),
  };
  const mode = params.get('sslmode');
  const given = Object.entries(files).filter(([, content]) => content !== undefined);
  if (mode === undefined && given.length === 0) return false;
  const choose = SSL.get(mode ?? '');
  if (choose === undefined)
    throw new WrongValue(`expected a PostgreSQL DSN whose sslmode is one of ${[...SSL.keys()].join(', ')}`);
  const ssl = choose(files.ca !== undefined);
  return ssl && { ...ssl, ...Object.fromEntries(given) };
}

function fileNamed(params: Map<string, string>, key: string): string | undefined {
  const path = params.get(key);
  if (path === undefined || path === 'system') return undefined;
  try {
    return readFileSync(path, 'utf8');
  } catch {
    throw new WrongValue(`expected a PostgreSQL DSN whose ${key} is a file that can be read`);
  }
}
