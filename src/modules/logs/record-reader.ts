import { isIP } from 'node:net';
import { type FieldError, pointerStep } from '../../common/domain-error.js';
import { isoInstant } from '../../common/time.js';
import { textFault } from '../../http/safe-json.js';

export type RawRecord = Record<string, unknown>;

/** Reads the fields of one record and notes what is wrong. Written by hand: general validators are ten times too slow here. */
export class RecordReader {
  readonly errors: FieldError[] = [];

  constructor(private readonly raw: RawRecord) {}

  fault(name: string, message: string): void {
    this.errors.push({ pointer: pointerStep(name.slice(0, 100)), message: `${name.slice(0, 100)} ${message}` });
  }

  /** Null where it is absent, and where it is wrong. */
  text(name: string, maxLength: number): string | null {
    const value = this.string(name);
    if (value === null) return null;
    if (value.length > maxLength) this.fault(name, `must have at most ${maxLength} characters`);
    else if (LINE_BREAK_OR_TAB.test(value)) this.fault(name, 'must not contain line breaks or tabs');
    else return value;
    return null;
  }

  /** Words of others, such as an upstream: they are cut rather than refused. */
  quote(name: string, maxBytes: number): string | null {
    const value = this.string(name);
    if (value === null || value.length * 3 <= maxBytes || Buffer.byteLength(value) <= maxBytes) return value;
    return cutToBytes(value, maxBytes);
  }

  id(name: string): number | null {
    return this.number(name, { min: 1, max: Number.MAX_SAFE_INTEGER, isWhole: true });
  }

  count(name: string, max: number): number {
    return this.number(name, { min: 0, max, isWhole: true }) ?? 0;
  }

  number(name: string, { min, max, isWhole }: { min: number; max: number; isWhole?: boolean }): number | null {
    const value = this.raw[name];
    if (value === undefined || value === null) return null;
    if (typeof value === 'number' && value >= min && value <= max && (!isWhole || Number.isInteger(value)))
      return value;
    this.fault(name, `must be a ${isWhole ? 'whole number' : 'number'} from ${min} to ${max}`);
    return null;
  }

  flag(name: string): boolean {
    const value = this.raw[name];
    if (value === undefined || value === null) return false;
    if (typeof value !== 'boolean') this.fault(name, 'must be true or false');
    return value === true;
  }

  address(name: string): string | null {
    const value = this.string(name);
    if (value === null || (value.length <= 45 && isIP(value) !== 0)) return value;
    this.fault(name, 'must be an IP address');
    return null;
  }

  /** ISO 8601 with a zone, or unix seconds. */
  instant(name: string, { from, to, otherwise }: { from: number; to: number; otherwise: number }): Date {
    const value = this.raw[name];
    if (value === undefined || value === null) return new Date(otherwise);
    const at = typeof value === 'number' ? Math.round(value * 1000) : parseInstant(value);
    if (Number.isNaN(at)) this.fault(name, 'must be a date and time with its zone, or unix seconds');
    else if (at < from) this.fault(name, 'is older than records are kept');
    else if (at > to) this.fault(name, 'lies in the future');
    return new Date(at);
  }

  private string(name: string): string | null {
    const value = this.raw[name];
    if (value === undefined || value === null) return null;
    const fault = typeof value === 'string' ? textFault(value) : 'must be a text';
    if (fault === undefined) return value as string;
    this.fault(name, fault);
    return null;
  }
}

const parseInstant = (value: unknown): number => (typeof value === 'string' ? isoInstant(value) : NaN);

/** Names and codes are one line each. */
const LINE_BREAK_OR_TAB = /[\t\n\r]/;

/** Never through the middle of a character. */
function cutToBytes(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text);
  let end = maxBytes;
  while ((bytes[end]! & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end);
}
