import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { OpenAPIObject } from '@nestjs/swagger';
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { startApp, type TestApp } from './support/app.js';

const FILE = resolve(import.meta.dirname, '../openapi.json');

interface Operation { responses: Record<string, unknown>; security?: unknown[]; summary?: string }

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

  it('gives every operation a successful answer with a schema, and its errors', () => {
    const incomplete = operations(document).filter(([, { responses }]) => {
      const success = Object.entries(responses).find(([status]) => status.startsWith('2'));
      return !success || !('500' in responses || Object.keys(responses).length > 1);
    });
    expect(incomplete.map(([name]) => name)).toEqual([]);
  });

  it('names no two schemas alike and leaves no reference open', () => {
    const text = JSON.stringify(document);
    const schemas = new Set(Object.keys(document.components?.schemas ?? {}));
    const open = [...text.matchAll(/"#\/components\/schemas\/([^"]+)"/g)]
      .map(([, name]) => name!)
      .filter((name) => !schemas.has(name));
    expect(open).toEqual([]);
  });
});

const operations = ({ paths }: OpenAPIObject): [string, Operation][] =>
  Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item as Record<string, Operation>).map(([method, operation]): [string, Operation] => [
      `${method} ${path}`,
      operation,
    ]),
  );
