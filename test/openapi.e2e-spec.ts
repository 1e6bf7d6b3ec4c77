import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { OpenAPIObject } from '@nestjs/swagger';
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { startApp, type TestApp } from './support/app.js';

const FILE = resolve(import.meta.dirname, '../openapi.json');

interface Operation {
  operationId: string;
  summary?: string;
  responses: Record<string, { content?: Record<string, { schema?: object }> }>;
}

describe('the OpenAPI document', () => {
  let app: TestApp;
  let document: OpenAPIObject;

  beforeAll(async () => {
    app = await startApp();
    document = (await app.anyone.get('/swagger/json')).body as OpenAPIObject;
  });
  afterAll(() => app.close());

  it('is the one that is committed (UPDATE_OPENAPI=1 writes it anew)', () => {
    const text = `${JSON.stringify(document, null, 2)}\n`;
    if (process.env.UPDATE_OPENAPI) writeFileSync(FILE, text);
    expect(text === readFileSync(FILE, 'utf8')).toBe(true);
  });

  it('is shown by Swagger UI', async () => {
    const page = await app.anyone.get('/swagger');
    expect([page.status, page.headers.get('content-type')]).toEqual([200, expect.stringContaining('text/html')]);
  });

  it('is not shown where Swagger is switched off', async () => {
    const closed = await startApp({ EZ_SWAGGER_ENABLED: 'false' });
    expect((await closed.anyone.get('/swagger')).status).toBe(404);
    expect((await closed.anyone.get('/swagger/json')).status).toBe(404);
    await closed.close();
  });

  it('says of every operation what it does, under an id of its own', () => {
    const all = operations(document);
    const mute = all.filter(([, { summary = '' }]) => !/^[A-Z].*[^.]$/.test(summary));
    expect(mute.map(([name]) => name)).toEqual([]);
    expect(new Set(all.map(([, { operationId }]) => operationId)).size).toBe(all.length);
  });

  it('gives every answer of every operation a schema, also to errors', () => {
    const bare = operations(document).flatMap(([name, { responses }]) =>
      Object.entries(responses)
        .filter(([status, { content = {} }]) => status !== '204' && !Object.values(content)[0]?.schema)
        .map(([status]) => `${name} ${status}`),
    );
    expect(bare).toEqual([]);
  });

  it('names a successful answer and the errors of every operation', () => {
    const incomplete = operations(document).filter(([, { responses }]) => {
      const statuses = Object.keys(responses);
      const successes = statuses.filter((status) => status.startsWith('2')).join();
      // Done, or accepted and going on.
      return !/^(\d{3}|200,202)$/.test(successes) || !statuses.includes('500');
    });
    expect(incomplete.map(([name]) => name)).toEqual([]);
  });

  it('types the rows of each list as it types one of them', () => {
    const schemas = document.components!.schemas as Record<string, { properties: { data: { items: object } } }>;
    const schemaOf = (operation: Operation) => operation.responses['200']!.content!['application/json']!.schema!;
    const items = operations(document).filter(([name]) => /^get .*\/\{\w+\}$/.test(name));
    expect(items.length).toBeGreaterThan(9);
    for (const [name, item] of items) {
      const list = document.paths[name.slice('get '.length).replace(/\/\{\w+\}$/, '')]!.get as unknown as Operation;
      const page = (schemaOf(list) as { $ref: string }).$ref.split('/').at(-1)!;
      expect([name, schemas[page]!.properties.data.items]).toEqual([name, schemaOf(item)]);
    }
  });

  it('leaves no reference open', () => {
    const schemas = new Set(Object.keys(document.components?.schemas ?? {}));
    const named = [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name!);
    expect(named.filter((name) => !schemas.has(name))).toEqual([]);
  });
});

const operations = ({ paths }: OpenAPIObject): [string, Operation][] =>
  Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item as Record<string, Operation>).map(([method, operation]): [string, Operation] => [
      `${method} ${path}`,
      operation,
    ]),
  );
