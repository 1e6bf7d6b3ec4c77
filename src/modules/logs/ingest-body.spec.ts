import { describe, expect, it } from '@jest/globals';
import { JSON_TYPE, NDJSON_TYPE, readIngestBody, Unreadable } from './ingest-body.js';

describe('a body of log records', () => {
  it('keeps lines however many blank ones are before and between them', () => {
    const text = `${'\n'.repeat(2_500)}{"n":1}${'\r\n'.repeat(2_500)}{"n":2}\n\n`;
    expect(readIngestBody(text, NDJSON_TYPE).records).toEqual([{ n: 1 }, { n: 2 }]);
  });

  it('is refused when it has one line more than there may be, blank ones aside', () => {
    const text = '{}\n\n\n'.repeat(1_000);
    expect(readIngestBody(text, NDJSON_TYPE).records).toHaveLength(1_000);
    expect(() => readIngestBody(`${text}{}`, NDJSON_TYPE)).toThrow('at most 1000 records');
  });

  it('spoils a record that is nested too deeply for whatever comes after, and that one only', () => {
    const deep = `{"n":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    const nested = (levels: number): string => `${'{"n":'.repeat(levels)}1${'}'.repeat(levels)}`;
    const { records } = readIngestBody(`[${deep},${nested(33)},${nested(32)}]`, JSON_TYPE);
    expect(records.map((record) => record instanceof Unreadable)).toEqual([true, true, false]);
  });

  it.each([JSON_TYPE, NDJSON_TYPE])('of the type %s may begin with a byte order mark', (type) => {
    expect(readIngestBody('\uFEFF{"n":1}', type).records).toEqual([{ n: 1 }]);
  });
});
