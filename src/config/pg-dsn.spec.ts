import { afterAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { maskPgDsn, parsePgDsn } from './pg-dsn.js';

const printable = fc
  .string({ unit: 'grapheme-composite', minLength: 1, maxLength: 30 })
  .filter((text) => text.isWellFormed());
const quoted = (text: string): string => `'${text.replace(/['\\]/g, '\\$&')}'`;
const unquoted = (text: string): string => text.replace(/['\\\s]/g, '\\$&');

describe('parsePgDsn', () => {
  it('reads a URL', () => {
    expect(
      parsePgDsn('postgresql://ez:p%40ss%2Fw@db.example.com:6432/ezapi?sslmode=disable&application_name=x'),
    ).toEqual({
      host: 'db.example.com',
      port: 6432,
      user: 'ez',
      password: 'p@ss/w',
      database: 'ezapi',
      ssl: false,
      application_name: 'x',
    });
  });

  it('reads keywords and values, as gateways in Go write them', () => {
    const dsn =
      'host=localhost user=postgres password=postgres dbname=ezapi port=5432 sslmode=disable TimeZone=Asia/Shanghai';
    expect(parsePgDsn(dsn)).toEqual({
      host: 'localhost',
      port: 5432,
      user: 'postgres',
      password: 'postgres',
      database: 'ezapi',
      ssl: false,
      options: '-c TimeZone=Asia/Shanghai',
    });
  });

  it('fills in what libpq would: localhost, 5432, a database named like the user', () => {
    const expected = { host: 'localhost', port: 5432, user: 'ez', database: 'ez', ssl: false };
    expect(parsePgDsn('user=ez')).toEqual(expected);
    expect(parsePgDsn('postgres://ez@localhost')).toEqual(expected);
  });

  it('reads IPv6 hosts, Unix sockets and time limits', () => {
    expect(parsePgDsn('postgres://ez@[::1]:1/x').host).toBe('::1');
    expect(parsePgDsn('postgres://ez@/x?host=/var/run/postgresql').host).toBe('/var/run/postgresql');
    expect(parsePgDsn('postgres://ez@%2Fvar%2Frun/x').host).toBe('/var/run');
    expect(parsePgDsn('user=ez connect_timeout=3').connectionTimeoutMillis).toBe(3000);
  });

  it('keeps an escaped blank at the end, and drops any other', () => {
    expect(parsePgDsn(String.raw`user=ez password=secret\  `).password).toBe('secret ');
  });

  it('carries any password through both forms', () => {
    fc.assert(
      fc.property(printable, (password) => {
        fc.pre(!/\p{Cc}/u.test(password));
        expect(parsePgDsn(`user=ez password=${quoted(password)} port=5433`)).toMatchObject({ password, port: 5433 });
        expect(parsePgDsn(`user=ez password = ${unquoted(password)}`).password).toBe(password);
        expect(parsePgDsn(`postgres://ez:${encodeURIComponent(password)}@h/d`)).toMatchObject({ password, host: 'h' });
      }),
    );
  });

  it('masks the password and nothing else, readable again', () => {
    fc.assert(
      fc.property(printable, printable, (user, name) => {
        const password = 'correct-horse-battery';
        const masked = maskPgDsn(`user=${quoted(user)} dbname=${quoted(name)} password=${password} host=db`);
        expect(masked).not.toContain(password);
        expect(parsePgDsn(masked)).toMatchObject({ user, database: name, password: '***', host: 'db' });
      }),
    );
  });

  it('answers any text with options or with a message that does not repeat it', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((tail) => `postgres://u:hunter2${tail}`),
        ),
        (dsn) => {
          try {
            expect(parsePgDsn(dsn).user).not.toBe('');
          } catch (error) {
            expect(error).toMatchObject({ name: 'WrongValue', message: expect.not.stringContaining('hunter2') });
          }
        },
      ),
      { numRuns: 1000 },
    );
  });

  it.each([
    ['', 'names a user'],
    ['localhost:5432', 'pairs like'],
    ["user=ez password='open", 'pairs like'],
    ['user=ez password=a b=c', 'no keywords but'],
    ['user=ez host=a,b', 'one host'],
    ['user=ez port=0', 'port is a whole number'],
    ['user=ez port=65536', 'port is a whole number'],
    ['user=ez sslmode=maybe', 'sslmode is one of disable, allow, prefer, require, verify-ca, verify-full'],
    ['user=ez sslmode=verify-full sslrootcert=/nowhere', 'sslrootcert is a file'],
    ["user=ez TimeZone='UTC -c log_statement=all'", 'TimeZone is like'],
    ['postgres://ez:a#b@h/d', 'special characters'],
    ['postgres://ez:a/b@h/d', 'special characters'],
    ['postgres://ez:%zz@h/d', 'special characters'],
    ['postgres://ez:a b@h/d', 'special characters'],
    ['postgres://h/d', 'names a user'],
  ])('refuses %j', (dsn, message) => {
    expect(() => parsePgDsn(dsn)).toThrow(message);
  });
});

describe('sslmode', () => {
  const dir = mkdtempSync(join(tmpdir(), 'ez-config-'));
  const root = join(dir, 'root.crt');
  writeFileSync(root, 'PEM');
  afterAll(() => rmSync(dir, { recursive: true }));

  const sslOf = (rest: string) => parsePgDsn(`user=ez ${rest}`).ssl;

  it('is off when nobody asks for it, and with disable and allow', () => {
    expect(['', 'sslmode=disable', 'sslmode=allow'].map(sslOf)).toEqual([false, false, false]);
  });

  it('encrypts without checking the certificate with prefer and require', () => {
    expect(['sslmode=prefer', 'sslmode=require'].map(sslOf)).toEqual([
      { rejectUnauthorized: false },
      { rejectUnauthorized: false },
    ]);
  });

  it('checks the certificate, not the name, with verify-ca and with require plus a root certificate', () => {
    const anyName = { rejectUnauthorized: true, checkServerIdentity: expect.any(Function) };
    expect(sslOf('sslmode=verify-ca')).toEqual(anyName);
    expect(sslOf(`sslmode=require sslrootcert=${root}`)).toEqual({ ...anyName, ca: 'PEM' });
  });

  it('checks certificate and name with verify-full', () => {
    expect(sslOf(`sslmode=verify-full sslrootcert=${root}`)).toEqual({ rejectUnauthorized: true, ca: 'PEM' });
    expect(sslOf('sslmode=verify-full sslrootcert=system')).toEqual({ rejectUnauthorized: true });
  });

  it('refuses certificates without a mode, which would be ignored', () => {
    expect(() => sslOf(`sslrootcert=${root}`)).toThrow('sslmode is one of');
  });
});
