import { createHash } from 'node:crypto';
import { ACK_TTL_SECONDS, acknowledgedVersion, type AckRecord, type Version } from '../../contract/sync-records.js';

/** `unreadable`: it is there, and what it says can't be understood. */
export const DATA_PLANE_STATES = ['ok', 'nack', 'unreadable'] as const;

/** A node of the data plane as its last word shows it. Every text in here can be shown to people. */
export interface DataPlane {
  node: string;
  state: (typeof DATA_PLANE_STATES)[number];
  /** What it serves completely; undefined: not known. */
  acknowledged: Version | undefined;
  error: string | null;
  software: string | null;
  started_at: Date | null;
  last_seen_at: Date | null;
}

export const ACK_FIELDS = [
  'gen',
  'version',
  'state',
  'error',
  'started_at',
  'software',
] as const satisfies readonly (keyof AckRecord)[];

/** The key as it was found. */
export interface FoundAck {
  /** In the order of ACK_FIELDS; undefined: it is no hash. */
  fields: readonly (string | null)[] | undefined;
  /** As PTTL says it. */
  ttlMs: number;
}

const ABSENT = -2;
const TTL_MS = ACK_TTL_SECONDS * 1_000;
const NODE_LENGTH = 64;
const SOFTWARE_LENGTH = 100;
const ERROR_LENGTH = 500;

/** Undefined: the node is gone. */
export function toDataPlane(name: string, { fields, ttlMs }: FoundAck, now: Date): DataPlane | undefined {
  if (ttlMs === ABSENT) return undefined;
  const ack = Object.fromEntries(ACK_FIELDS.map((field, i) => [field, fields?.[i] ?? '']));
  const acknowledged = bounded(acknowledgedVersion(ack));
  const isReadable = acknowledged !== undefined && (ack.state === 'ok' || ack.state === 'nack');
  return {
    node: nodeName(name),
    state: isReadable && ttlMs >= 0 ? (ack.state as 'ok' | 'nack') : 'unreadable',
    acknowledged,
    error: faultOf(isReadable, ttlMs) ?? shown(ack.error, ERROR_LENGTH),
    software: shown(ack.software, SOFTWARE_LENGTH),
    started_at: /^\d{1,11}$/.test(ack.started_at ?? '') ? new Date(Number(ack.started_at) * 1_000) : null,
    last_seen_at: ttlMs < 0 ? null : new Date(now.getTime() - Math.max(0, TTL_MS - ttlMs)),
  };
}

function faultOf(isReadable: boolean, ttlMs: number): string | undefined {
  if (!isReadable) return 'its acknowledgement has no version or no state that can be read';
  return ttlMs < 0 ? 'its acknowledgement does not expire, so nobody can tell whether it lives' : undefined;
}

/** As PostgreSQL and comparisons want it: at most an int8, without leading zeros. */
function bounded(version: Version | undefined): Version | undefined {
  if (!version || version.gen.length > 18 || version.version.length > 18) return undefined;
  return { gen: String(BigInt(version.gen)), version: String(BigInt(version.version)) };
}

/** Names that differ are shown differently, whatever their authors put in. */
function nodeName(name: string): string {
  const visible = printable(name, (char) => `\\u{${char.codePointAt(0)!.toString(16)}}`);
  if (visible.length <= NODE_LENGTH) return visible;
  const mark = createHash('sha256').update(name).digest('hex').slice(0, 8);
  return `${visible.slice(0, NODE_LENGTH - 9)}~${mark}`;
}

function shown(text: string | undefined, length: number): string | null {
  return text ? printable(text.slice(0, length), () => ' ') : null;
}

const printable = (text: string, replace: (char: string) => string): string =>
  text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, replace);
