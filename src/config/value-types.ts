import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { WrongValue } from './config-error.js';
import { maskPgDsn, parsePgDsn } from './pg-dsn.js';
import { maskRedisAddr, parseHostPort, parseRedisAddr } from './redis-addr.js';

/** What the meaning of a text depends on. */
export interface Surroundings {
  production: boolean;
  cwd: string;
}

/** How a value is read from its text, and how much of it may be shown. */
export interface ValueType<T> {
  /** Throws WrongValue. */
  parse(this: void, text: string, at: Surroundings): T;
  /** What people may see of a value that is, or contains, a secret. */
  mask?(this: void, value: T): string;
  /** An empty text says something, such as "closed" or "none"; elsewhere it means "not set". */
  acceptsEmpty?: true;
  /** For the example files, where the default is empty. */
  example?: string;
}

/** A type whose values match one pattern and stay as they are written. */
function matching(pattern: RegExp, expected: string): (text: string) => string {
  return (text) => {
    if (!pattern.test(text)) throw new WrongValue(`expected ${expected}`);
    return text;
  };
}

export function int(min: number, max: number): ValueType<number> {
  return {
    parse(text) {
      const value = Number(text);
      if (/^(0|[1-9]\d{0,15})$/.test(text) && value >= min && value <= max) return value;
      throw new WrongValue(`expected a whole number from ${min} to ${max}`);
    },
  };
}

export function choice<const T extends string>(...options: T[]): ValueType<T> {
  return {
    parse(text) {
      const found = options.find((option) => option === text);
      if (found === undefined) throw new WrongValue(`expected one of ${options.join(', ')}`);
      return found;
    },
  };
}

const SWITCH: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
]);

export const switchType: ValueType<boolean> = {
  parse(text) {
    const value = SWITCH.get(text);
    if (value === undefined) throw new WrongValue('expected true or false');
    return value;
  },
};

/** A switch that is on outside production unless somebody says otherwise. */
export const autoSwitch: ValueType<boolean> = {
  parse(text, { production }) {
    const value = text === 'auto' ? !production : SWITCH.get(text);
    if (value === undefined) throw new WrongValue('expected true, false or auto');
    return value;
  },
};

const LINE = matching(/^\P{Cc}*$/u, 'one line without control characters');

export const text: ValueType<string> = { parse: LINE, acceptsEmpty: true };

const masked = (value: string): string => (value === '' ? '' : `<set, ${value.length} chars>`);

export const maskedText: ValueType<string> = { parse: LINE, mask: masked, acceptsEmpty: true };

/** Compared with what stands behind "Bearer", so only what a header can carry. Empty closes the routes it guards. */
export const token: ValueType<string> = {
  parse: matching(/^[\x21-\x7e]*$/, 'visible ASCII characters without spaces'),
  mask: masked,
  acceptsEmpty: true,
};

export const secret: ValueType<string> = { parse: LINE, mask: masked };

/** A path, or none. */
export const optionalPath: ValueType<string> = { parse: (value, at) => (value === '' ? '' : path.parse(value, at)) };

export const path: ValueType<string> = { parse: (value, { cwd }) => resolve(cwd, LINE(value)) };

const HOST_NAME = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$/i;

export const host: ValueType<string> = {
  parse(value) {
    if (isIP(value) === 0 && !HOST_NAME.test(value)) throw new WrongValue('expected an IP address or a host name');
    return value;
  },
};

export function hostPort(defaultPort: number): ValueType<string> {
  return {
    parse(value) {
      parseHostPort(value, defaultPort);
      return value;
    },
    example: `localhost:${defaultPort}`,
  };
}

/** A range of addresses; a single address is the range that holds just it. */
export const cidr: ValueType<string> = {
  parse(value) {
    const [address = '', bits, ...rest] = value.split('/');
    const width = { 0: 0, 4: 32, 6: 128 }[isIP(address)] ?? 0;
    const fits = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= width);
    if (width === 0 || !fits || rest.length > 0) throw new WrongValue('expected addresses or ranges like 10.0.0.0/8');
    return `${address}/${Number(bits ?? width)}`;
  },
  example: '10.0.0.0/8',
};

/** What browsers send as Origin, or `*`. */
export const origin: ValueType<string> = {
  parse(value) {
    if (value === '*' || (/^https?:/.test(value) && URL.canParse(value) && new URL(value).origin === value))
      return value;
    throw new WrongValue('expected origins like https://console.example.com, without a path');
  },
  example: 'https://console.example.com',
};

/** Separated by commas; blanks around an item do not count. */
export function list<T>(item: ValueType<T>): ValueType<T[]> {
  const { mask, example } = item;
  return {
    parse: (value, at) =>
      value
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== '')
        .map((part) => item.parse(part, at)),
    ...(mask && { mask: (values: T[]) => values.map((value) => mask(value)).join(' ') }),
    acceptsEmpty: true,
    example,
  };
}

/** An empty list of keys cannot encrypt anything, so empty means "not set" here. */
export const secrets: ValueType<string[]> = { ...list(secret), acceptsEmpty: undefined };

export const pgDsn: ValueType<string> = {
  parse(value) {
    if (value !== '') parsePgDsn(value);
    return value;
  },
  mask: (value) => (value === '' ? '' : maskPgDsn(value)),
  acceptsEmpty: true,
  example: 'postgresql://ezapi@localhost:5432/ezapi?sslmode=disable',
};

export const redisAddr: ValueType<string> = {
  parse(value) {
    if (value !== '') parseRedisAddr(value);
    return value;
  },
  mask: (value) => (value === '' ? '' : maskRedisAddr(value)),
  acceptsEmpty: true,
  example: 'localhost:6379',
};
