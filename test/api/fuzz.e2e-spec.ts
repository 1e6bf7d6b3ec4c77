import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { OpenAPIObject } from '@nestjs/swagger';
import fc from 'fast-check';
import { ADMIN_TOKEN, INTERNAL_TOKEN, startApp, type TestApp } from '../support/app.js';
import type { Json } from '../support/http.js';

interface Schema {
  $ref?: string;
  type?: string;
  enum?: unknown[];
  oneOf?: Schema[];
  allOf?: Schema[];
  format?: string;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
}

interface Parameter {
  name: string;
  in: string;
  schema?: Schema;
}

interface Operation {
  method: string;
  path: string;
  parameters: Parameter[];
  body?: Schema;
  responses: Record<string, unknown>;
  security: string | undefined;
}

const RUNS = Number(process.env.EZ_TEST_FUZZ_RUNS ?? 60);
const LANES = 4;
/** Whoever waits for longer sees nothing else. */
const LONGEST_WAIT_MS = 100;
const WAITS = ['timeout_ms', 'wait_ms'];

const junk: fc.Arbitrary<unknown> = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.double(),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(
    '',
    '\u0000',
    '../..',
    "'; DROP TABLE keys;--",
    '9'.repeat(400),
    '\ud800',
    '__proto__',
    '%00',
    '1e999',
  ),
  fc.array(fc.integer(), { maxLength: 3 }),
  fc.dictionary(fc.string({ maxLength: 5 }), fc.anything({ maxDepth: 1 }), { maxKeys: 3 }),
);

describe('any request that the OpenAPI document allows, and any other', () => {
  let app: TestApp;
  let document: OpenAPIObject;
  let masterKey: string;

  beforeAll(async () => {
    app = await startApp({ EZ_LOG_LEVEL: 'error' });
    document = (await app.anyone.get('/swagger/json')).body as OpenAPIObject;
    await app.admin.post('/admin/namespaces', { name: 'default' });
    const { body } = await app.admin.post('/admin/masters', { name: 'fuzz', namespaces: ['default'] });
    masterKey = body.master_key;
  });
  afterAll(() => app.close());

  it('is never answered by a 5xx, nor by a status that the document does not name', async () => {
    const all = operations(document);
    expect(all.length).toBeGreaterThan(60);
    // Side by side, as requests come in life.
    const lanes = Array.from({ length: LANES }, (_, lane) => all.filter((_operation, i) => i % LANES === lane));
    await Promise.all(lanes.map(fuzz));
    expect(app.logs.filter((line) => line.includes('"level":"error"'))).toEqual([]);
  }, 300_000);

  async function fuzz(some: Operation[]): Promise<void> {
    for (const operation of some) {
      await fc.assert(
        fc.asyncProperty(requestOf(operation), async (request) => {
          const status = await send(operation, request);
          const isExpected = status < 500 && String(status) in operation.responses;
          if (!isExpected)
            throw new Error(`${operation.method} ${operation.path} answered ${status}: ${JSON.stringify(request)}`);
        }),
        { numRuns: RUNS, endOnFailure: true },
      );
    }
  }

  const tokenFor = (operation: Operation): string | undefined =>
    ({ admin: ADMIN_TOKEN, master: masterKey, internal: INTERNAL_TOKEN })[operation.security ?? ''];

  async function send(operation: Operation, { url, body }: { url: string; body?: string }): Promise<number> {
    const token = tokenFor(operation);
    const response = await fetch(`${app.url}${url}`, {
      method: operation.method,
      headers: {
        ...(token ? { authorization: `Bearer ${token}` } : {}),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body }),
    });
    await response.arrayBuffer();
    return response.status;
  }

  function requestOf({ path, parameters, body }: Operation): fc.Arbitrary<{ url: string; body?: string }> {
    const values = fc.tuple(
      ...parameters.map((parameter) =>
        fc.tuple(fc.constant(parameter), fc.option(spoiled(valid(shortened(parameter))))),
      ),
    );
    const payload = body ? spoiled(valid(body)).map((value) => JSON.stringify(value)) : fc.constant(undefined);
    return fc
      .tuple(values, payload)
      .map(([given, sent]) => ({ url: urlOf(path, given), ...(sent === undefined ? {} : { body: sent }) }));
  }

  const shortened = ({ name, schema }: Parameter): Schema | undefined =>
    WAITS.includes(name) ? { ...schema, maximum: LONGEST_WAIT_MS } : schema;

  /** Values that the schema allows. */
  function valid(schema: Schema | undefined, depth = 0): fc.Arbitrary<unknown> {
    if (!schema || depth > 5) return junk;
    if (schema.$ref)
      return valid((document.components!.schemas as Record<string, Schema>)[schema.$ref.split('/').pop()!], depth + 1);
    if (schema.enum) return fc.constantFrom(...schema.enum);
    if (schema.oneOf) return fc.oneof(...schema.oneOf.map((one) => valid(one, depth + 1)));
    if (schema.allOf) return valid(schema.allOf[0], depth + 1);
    switch (schema.type) {
      case 'integer':
        return fc.integer({
          min: schema.minimum ?? -(2 ** 31),
          max: Math.min(schema.maximum ?? 2 ** 31 - 1, 2 ** 53 - 1),
        });
      case 'number':
        return fc.integer({ min: schema.minimum ?? -1e6, max: schema.maximum ?? 1e6 });
      case 'boolean':
        return fc.boolean();
      case 'string':
        if (schema.format === 'date-time') return fc.date({ noInvalidDate: true }).map((date) => date.toISOString());
        return fc.string({ minLength: schema.minLength ?? 0, maxLength: Math.min(schema.maxLength ?? 30, 200) });
      case 'array':
        return fc.array(valid(schema.items, depth + 1), { maxLength: 4 });
      default:
        return fc.record(
          Object.fromEntries(
            Object.entries(schema.properties ?? {}).map(([name, property]) => [name, valid(property, depth + 1)]),
          ),
          { requiredKeys: schema.required ?? [] },
        );
    }
  }
});

/** Mostly what is valid; sometimes anything, and sometimes one field of it. */
const spoiled = (arbitrary: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.oneof(
    { weight: 4, arbitrary },
    { weight: 1, arbitrary: junk },
    {
      weight: 2,
      arbitrary: fc.tuple(arbitrary, fc.nat(), junk).map(([value, at, replacement]) => {
        if (typeof value !== 'object' || value === null || Array.isArray(value)) return replacement;
        const names = Object.keys(value);
        return { ...value, [names[at % Math.max(1, names.length)] ?? 'x']: replacement };
      }),
    },
  );

function urlOf(path: string, given: [Parameter, unknown][]): string {
  let url = path;
  const query = new URLSearchParams();
  for (const [parameter, value] of given) {
    const text = (typeof value === 'string' ? value : (JSON.stringify(value) ?? '')).toWellFormed();
    if (parameter.in === 'path')
      url = url.replace(`{${parameter.name}}`, () => encodeURIComponent(text === '' ? '-' : text));
    else if (parameter.in === 'query' && value !== null) query.set(parameter.name, text);
  }
  return query.size > 0 ? `${url}?${query.toString()}` : url;
}

const operations = ({ paths }: OpenAPIObject): Operation[] =>
  Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item as Record<string, Json>).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path,
      parameters: operation.parameters ?? [],
      body: operation.requestBody?.content?.['application/json']?.schema,
      responses: operation.responses,
      security: Object.keys(operation.security?.[0] ?? {})[0],
    })),
  );
