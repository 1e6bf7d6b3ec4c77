import { describe, expect, it } from '@jest/globals';
import { JSON_TYPE, NDJSON_TYPE, readIngestBody } from './ingest-body.js';

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

  it.each([JSON_TYPE, NDJSON_TYPE])('of the type %s may begin with a byte order mark', (type) => {
    expect(readIngestBody('\uFEFF{"n":1}', type).records).toEqual([{ n: 1 }]);
  });
});
