import { DomainError, invalidField, invalidFields } from '../../common/domain-error.js';
import { parse } from '../../http/json-body.js';
import { BATCH_ID_PATTERN, NODE_PATTERN, RECORDS_MAX } from './ingest.dto.js';

export const JSON_TYPE = 'application/json';
export const NDJSON_TYPE = 'application/x-ndjson';

const DEPTH_MAX = 32;

/** What was sent, whatever its form; the records are still to be judged. */
export interface IngestBody {
  node?: string;
  batch_id?: string;
  records: unknown[];
}

/** Stands where a record can't even be looked at, which spoils that record only. */
export class Unreadable {
  constructor(readonly message: string) {}
}

const NO_JSON = new Unreadable('the record is not valid JSON');
const TOO_DEEP = new Unreadable(`the record must not be nested deeper than ${DEPTH_MAX} levels`);

/** Throws for what is no batch at all: then nothing of it is taken. */
export function readIngestBody(sent: string, type: string): IngestBody {
  const text = sent.startsWith(BYTE_ORDER_MARK) ? sent.slice(1) : sent;
  const body = type === NDJSON_TYPE ? { records: linesOf(text) } : readJson(parse(text));
  if (body.records.length === 0) throw invalidField('', 'there must be at least one record');
  if (body.records.length > RECORDS_MAX) throw invalidField('', `there must be at most ${RECORDS_MAX} records`);
  return body.records.some(isTooDeep) ? { ...body, records: body.records.map(withoutDepth) } : body;
}

const withoutDepth = (record: unknown): unknown => (isTooDeep(record) ? TOO_DEEP : record);

/** Without recursion, which such a record would exhaust. */
function isTooDeep(record: unknown): boolean {
  let level = [record].filter(isBranch);
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > DEPTH_MAX) return true;
    level = level.flatMap((branch) => Object.values(branch).filter(isBranch));
  }
  return false;
}

const isBranch = (value: unknown): value is object => typeof value === 'object' && value !== null;

const BYTE_ORDER_MARK = '\uFEFF';

function linesOf(text: string): unknown[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.slice(0, RECORDS_MAX + 1).map((line) => {
    try {
      return JSON.parse(line) as unknown;
    } catch {
      return NO_JSON;
    }
  });
}

function readJson(body: unknown): IngestBody {
  if (Array.isArray(body)) return { records: body };
  if (typeof body !== 'object' || body === null) {
    throw new DomainError('invalid', 'The body must be a record, a list of records, or {batch_id, records}');
  }
  return 'records' in body ? readEnvelope(body) : { records: [body] };
}

const ENVELOPE: Record<string, RegExp> = { node: NODE_PATTERN, batch_id: BATCH_ID_PATTERN };

function readEnvelope(body: { records: unknown }): IngestBody {
  const errors = Object.entries(body).flatMap(([name, value]) => {
    if (name === 'records') return Array.isArray(value) ? [] : [{ pointer: '/records', message: 'must be a list' }];
    const pointer = `/${name.slice(0, 100)}`;
    const pattern = Object.hasOwn(ENVELOPE, name) ? ENVELOPE[name] : undefined;
    if (!pattern) return [{ pointer, message: 'is not a known field' }];
    const isValid = value === null || (typeof value === 'string' && pattern.test(value));
    return isValid ? [] : [{ pointer, message: 'must be letters, digits or . _ : -' }];
  });
  if (errors.length > 0) throw invalidFields(errors.slice(0, 20));
  const { node, batch_id, records } = body as IngestBody;
  return { node: node ?? undefined, batch_id: batch_id ?? undefined, records };
}
