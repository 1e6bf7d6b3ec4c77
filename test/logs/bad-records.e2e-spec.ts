import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { aRecord, balancer, storedCount } from '../support/access-logs.js';
import { INTERNAL_TOKEN, startApp, type TestApp } from '../support/app.js';

const WRONG_TEXT = fc.oneof(
  fc.constantFrom('\u0000', 'a\u0000b', '\u0007', '\u009f', '\ud800', 'x\udc00y', 'x'.repeat(257)),
  fc.integer(),
  fc.boolean(),
  fc.array(fc.string(), { maxLength: 2 }),
  fc.record({ toString: fc.constant('x') }),
);
const WRONG_NUMBER = fc.oneof(
  fc.constantFrom<unknown>(-1, 1e300, 2 ** 60, '1', '', 'NaN', true, [], {}, [1]),
  fc.string(),
  fc.integer({ max: -1 }),
);
const WRONG_ID = fc.oneof(WRONG_NUMBER, fc.constantFrom(0, 1.5, Number.MAX_SAFE_INTEGER + 1));
const WRONG_INSTANT = fc.oneof(
  fc.constantFrom<unknown>(
    'now',
    '',
    '2026-01-01',
    '2026-13-01T00:00:00Z',
    '2026-01-01T00:00:00',
    '9999-01-01T00:00:00Z',
  ),
  fc.constantFrom<unknown>('1970-01-01T00:00:00Z', 0, -5, 1e13, '2026-02-30T25:00:00Z', true, {}, []),
);

const deep = (depth: number): unknown => (depth === 0 ? 1 : { a: deep(depth - 1) });

const FIELDS: Record<string, fc.Arbitrary<unknown>> = {
  at: WRONG_INSTANT,
  request_id: fc.oneof(WRONG_TEXT, fc.constantFrom('', null)),
  ...Object.fromEntries(['master_id', 'key_id', 'provider_id', 'group_id'].map((name) => [name, WRONG_ID])),
  ...Object.fromEntries(
    ['namespace', 'model', 'upstream_model', 'error_code', 'node'].map((name) => [name, WRONG_TEXT]),
  ),
  status_code: fc.oneof(WRONG_ID, fc.constantFrom(null, 99, 600, 200.5)),
  ...Object.fromEntries(['latency_ms', 'ttft_ms', 'cost_usd'].map((name) => [name, WRONG_NUMBER])),
  ...Object.fromEntries(
    ['input_tokens', 'output_tokens', 'cached_tokens'].map((name) => [name, fc.oneof(WRONG_NUMBER, fc.constant(0.5))]),
  ),
  error_message: fc.constantFrom<unknown>('\u0000', '\ud800', 7, {}),
  user_agent: fc.constantFrom<unknown>('\u0000', '\udfff', 7, []),
  stream: fc.oneof(fc.string(), fc.integer(), fc.constant({})),
  client_ip: fc.oneof(
    fc.integer(),
    fc.constantFrom('', 'localhost', '1.2.3', '1.2.3.4.5', '::1%eth0\u0000', 'x'.repeat(99)),
  ),
  body: fc.string(),
  messages: fc.constant([]),
  ['__proto__']: fc.constant({ polluted: true }),
  constructor: fc.constant(1),
  toString: fc.constant(1),
  extra_large: fc.constant('x'.repeat(5000)),
  extra_deep: fc.constant(deep(40)),
  extra_long: fc.constant(Array.from({ length: 1001 }, () => 0)),
  extra_text: fc.constantFrom('\u0000', '\ud800', { a: ['\u0001'] }, { ['a\u0000']: 1 }),
};

/** JSON in which one field is wrong; assembled as text, so that `__proto__` and 1e999 stay what they are. */
const badRecord = fc
  .constantFrom(...Object.keys(FIELDS))
  .chain((name) => FIELDS[name]!.map((value) => [name, JSON.stringify(value) ?? 'null'] as const))
  .map(([name, value]) => withField(name, value));

const BAD = fc.oneof(
  { weight: 12, arbitrary: badRecord },
  { weight: 1, arbitrary: fc.constantFrom('null', '7', '"record"', '[]', 'true', '[[[]]]') },
  { weight: 1, arbitrary: fc.constantFrom(withField('cost_usd', '1e999'), withField('latency_ms', '-1e999')) },
);

function withField(name: string, value: string): string {
  const text = JSON.stringify(aRecord({ [name === '__proto__' ? 'unused' : name]: undefined }));
  return `{${JSON.stringify(name)}:${value},${text.slice(1)}`;
}

describe('10,000 records that are wrong in every way', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp({ EZ_LOG_LEVEL: 'error' });
  });
  afterAll(() => app.close());

  it('are each reported, keep no good one out, and nothing else breaks', async () => {
    const bad = fc.sample(BAD, 10_000).map((text) => text.toWellFormed());
    for (let i = 0; i < bad.length; i += 500) {
      const good = JSON.stringify(aRecord());
      const batch = `[${[good, ...bad.slice(i, i + 500), good].join(',')}]`;
      const { status, body } = await balancer(app).post('/logs?durable=true', batch);
      expect([status, body.accepted]).toEqual([200, 2]);
      const reported = new Set(body.rejected.map(({ index }: { index: number }) => index));
      const unseen = bad.slice(i, i + 500).filter((_, n) => !reported.has(n + 1));
      expect(unseen).toEqual([]);
      expect(body.rejected.filter(({ errors }: { errors: object[] }) => errors.length === 0)).toEqual([]);
    }
    expect(await storedCount(app)).toBe(40);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    expect(app.logs.filter((line) => line.includes('"level":"error"'))).toEqual([]);
  }, 120_000);
});

describe('what is no batch', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp({ EZ_BODY_LIMIT_BYTES: '300000' });
  });
  afterAll(() => app.close());

  it('is refused, and counted by the reason', async () => {
    const { url } = app;
    const send = (body: string, type = 'application/json') =>
      fetch(`${url}/logs`, {
        method: 'POST',
        headers: { authorization: `Bearer ${INTERNAL_TOKEN}`, 'content-type': type },
        body,
      });
    const answers = [
      await send('{'),
      await send('[]'),
      await send('{}', 'text/plain'),
      await send('x'.repeat(300_001)),
    ];
    expect(answers.map(({ status }) => status)).toEqual([400, 400, 415, 413]);
    const { body } = await balancer(app).get('/internal/metrics');
    for (const reason of ['malformed_body', 'invalid', 'unsupported_type', 'too_large']) {
      expect(body).toContain(`ez_log_refused_bodies_total{reason="${reason}"} 1`);
    }
  });

  it('is a record under a batch id that is too deep for anything', async () => {
    const nested = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    const sent = `{"node":"n","batch_id":"deep","records":[{"request_id":"r","status_code":200,"x":${nested}}]}`;
    const { status, body } = await balancer(app).post('/logs', sent);
    expect([status, body.errors[0].message]).toEqual([400, 'the record must not be nested deeper than 32 levels']);
  });

  it.each([{ Prompt: 'x' }, { meta: { 'request-body': 'x' } }, { calls: [{ n: 1 }, { responseBody: null }] }])(
    'is what was said to whom, as in %j',
    async (fields) => {
      const { status, body } = await balancer(app).post('/logs', aRecord(fields));
      expect([status, body.errors[0].message]).toEqual([400, expect.stringMatching(/ is not stored: leave it out$/)]);
    },
  );
});
