import { describe, expect, it } from '@jest/globals';
import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { readBody } from './json-body.js';

const aRequest = (): PassThrough & IncomingMessage =>
  Object.assign(new PassThrough(), { headers: {} }) as unknown as PassThrough & IncomingMessage;

describe('reading a body', () => {
  it('gives up one that does not arrive in time', async () => {
    const request = aRequest();
    request.write('{');
    await expect(readBody(request, 100, 10)).rejects.toMatchObject({ kind: 'timeout' });
    request.destroy();
  });

  it('answers all of one that does', async () => {
    const request = aRequest();
    request.write('{');
    const body = readBody(request, 100, 60_000);
    request.end('}');
    expect((await body).toString()).toBe('{}');
  });
});
