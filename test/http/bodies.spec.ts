import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Body, Controller, Post, Req } from '@nestjs/common';
import type { Request } from 'express';
import { setTimeout as delay } from 'node:timers/promises';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { BODY_LIMIT, open, postJson, startTinyApp, type TinyApp } from './tiny-app.js';

@Controller()
class EchoController {
  @Post('echo')
  echo(@Body() body: unknown): { body: unknown } {
    return { body: body ?? 'nothing' };
  }

  @Post('ignore')
  ignore(@Req() _req: Request): { ok: true } {
    return { ok: true };
  }
}

const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

describe('a body', () => {
  let tiny: TinyApp;
  const post = (body: string | Uint8Array | undefined, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${tiny.url}/echo`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body }),
    });
  const problem = async (answer: Promise<Response>): Promise<Record<string, unknown>> =>
    (await (await answer).json()) as Record<string, unknown>;

  beforeAll(async () => {
    tiny = await startTinyApp(EchoController);
  });
  afterAll(() => tiny.close());

  it.each([{}, { a: [1, 'ü\n\t'] }, [], null, 'text', 7, true, { text: '🎈' }])(
    'arrives as it was sent: %j',
    async (body) => {
      expect(await problem(postJson(`${tiny.url}/echo`, body))).toEqual({ body: body ?? 'nothing' });
    },
  );

  it('may be missing', async () => {
    expect(await problem(post(undefined))).toEqual({ body: 'nothing' });
    expect(await problem(post(''))).toEqual({ body: 'nothing' });
    expect((await fetch(`${tiny.url}/ignore`, { method: 'POST' })).status).toBe(201);
  });

  it.each([
    'application/json; charset=utf-8',
    'Application/JSON',
    'application/json;charset="UTF-8"',
    'application/json; a=b',
  ])('may come as %s', async (type) => expect((await post('{}', { 'content-type': type })).status).toBe(201));

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/jsonp',
    'application/json; charset=latin1',
    'application/json; charset=utf-16',
    'application/json, text/plain',
    '',
  ])('is refused with 415 as %p', async (type) => {
    expect(await problem(post('{}', { 'content-type': type }))).toMatchObject({
      status: 415,
      code: 'unsupported_type',
    });
  });

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
    ['GZIP', gzipSync],
  ] as const)('may be compressed with %s', async (encoding, compress) => {
    const bytes = new Uint8Array(compress('{"a":1}'));
    expect(await problem(post(bytes, { 'content-encoding': encoding }))).toEqual({ body: { a: 1 } });
  });

  it.each(['zstd', 'compress', 'gzip, gzip', 'constructor'])(
    'is refused with 415 when compressed with %s',
    async (encoding) => {
      expect(await problem(post('{}', { 'content-encoding': encoding }))).toMatchObject({ status: 415 });
    },
  );

  it.each(['{"a":1}', ''])('is refused with 400 when it is not compressed as it says: %p', async (text) => {
    const bytes = new Uint8Array(Buffer.concat([Buffer.from(text), gzipSync('{}').subarray(0, 12)]));
    expect(await problem(post(bytes, { 'content-encoding': 'gzip' }))).toMatchObject({ status: 400 });
  });

  it('is refused with 413 when its declared length is too large', async () => {
    const answer = await post(JSON.stringify('x'.repeat(BODY_LIMIT)));
    expect(answer.status).toBe(413);
    expect(await answer.json()).toMatchObject({ code: 'too_large', detail: expect.stringContaining(`${BODY_LIMIT}`) });
  });

  it('is refused with 413 when it grows too large on the way', async () => {
    const chunks = new ReadableStream({
      pull: (controller) => {
        controller.enqueue(Buffer.alloc(BODY_LIMIT, ' '));
        controller.close();
      },
      start: (controller) => controller.enqueue(Buffer.from('{}')),
    });
    const request = { method: 'POST', headers: { 'content-type': 'application/json' }, body: chunks, duplex: 'half' };
    expect((await fetch(`${tiny.url}/echo`, request as RequestInit)).status).toBe(413);
  });

  it.each([
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
  ] as const)('is refused with 413 when %s inflates it too far', async (encoding, compress) => {
    const bomb = new Uint8Array(compress(Buffer.alloc(50_000_000, ' ')).subarray(0, BODY_LIMIT));
    expect(await problem(post(bomb, { 'content-encoding': encoding }))).toMatchObject({ status: 413 });
  });

  it('may be exactly as large as the limit', async () => {
    expect((await post(JSON.stringify('x'.repeat(BODY_LIMIT - 2)))).status).toBe(201);
  });

  it('leaves the connection usable after a refusal', async () => {
    const socket = await open(tiny.port);
    const big = 'x'.repeat(BODY_LIMIT + 1);
    const head = 'POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n';
    let received = '';
    socket.on('data', (chunk: Buffer) => (received += chunk.toString()));
    socket.write(`${head}Content-Length: ${big.length}\r\n\r\n${big}`);
    socket.write(`${head}Content-Length: 2\r\nConnection: close\r\n\r\n{}`);
    await new Promise((resolve) => socket.once('close', resolve));
    expect(received.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 413', 'HTTP/1.1 201']);
  });

  it.each(['{', '{"a":}', 'undefined', "{'a':1}", '{"a":1}x', 'NaN', '\ufeff{}', '[1,]'])(
    'is refused with 400 as malformed: %p',
    async (text) => {
      expect(await problem(post(text))).toMatchObject({ status: 400, code: 'malformed_body' });
    },
  );

  it('is not repeated when it is malformed', async () => {
    const answer = await post('{"secret":"hunter2" oops');
    expect(await answer.json()).toMatchObject({ detail: 'The body is not valid JSON at position 20' });
    expect(JSON.stringify(tiny.log)).not.toContain('hunter2');
  });

  it('is refused with 400 when it is not UTF-8', async () => {
    expect(await problem(post(new Uint8Array([0x22, 0xff, 0xfe, 0x22])))).toMatchObject({ code: 'malformed_body' });
  });

  it.each([
    ['{"a":"x\\u0000y"}', '/a', 'a must not contain control characters'],
    ['{"a":["x","\\u0007"]}', '/a/1', '1 must not contain control characters'],
    ['{"a":"\\u0085"}', '/a', 'a must not contain control characters'],
    ['{"a":"\\ud800"}', '/a', 'a must not contain half of a surrogate pair'],
    ['{"a":{"b":1e999}}', '/a/b', 'b must be a finite number'],
    ['{"__proto__":{"x":1}}', '/__proto__', '__proto__ is not allowed as a name'],
    ['{"a":{"constructor":1}}', '/a/constructor', 'constructor is not allowed as a name'],
    ['{"a/b~c":"\\u0001"}', '/a~1b~0c', 'a~1b~0c must not contain control characters'],
    ['{"a\\u0000":1}', '/a\u0000', 'a\u0000 must not contain control characters'],
    ['"\\u0000"', '', 'the body must not contain control characters'],
    [nested(33), '/0'.repeat(32), '0 must not be nested deeper than 32 levels'],
    [`{"a":${JSON.stringify(Array(1001).fill(1))}}`, '/a', 'a must have at most 1000 items'],
  ])('is refused with 400 and a pointer: %.40s', async (text, pointer, message) => {
    expect(await problem(post(text))).toMatchObject({ status: 400, code: 'invalid', errors: [{ pointer, message }] });
  });

  it('may be as deep and as long as it is allowed', async () => {
    expect((await post(nested(32))).status).toBe(201);
    expect((await post(JSON.stringify(Array(1000).fill(1)))).status).toBe(201);
  });

  it('reports every unsafe place at once', async () => {
    const { errors } = await problem(post('{"a":"\\u0000","b":[1e999,"\\udc00"]}'));
    expect((errors as { pointer: string }[]).map(({ pointer }) => pointer).toSorted()).toEqual(['/a', '/b/0', '/b/1']);
  });

  it('survives nesting of any depth', async () => {
    expect(await problem(post(nested(BODY_LIMIT / 2)))).toMatchObject({ status: 400, code: 'invalid' });
  });

  it('hurts nobody when it is cut off', async () => {
    const socket = await open(tiny.port);
    socket.write(
      'POST /echo HTTP/1.1\r\nHost: x\r\nX-Request-ID: cut-off\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"a":',
    );
    await delay(50);
    socket.destroy();
    const logged = (): Record<string, unknown> | undefined => tiny.log.find((line) => line.request_id === 'cut-off');
    while (!logged()) await delay(5);
    expect(logged()).toMatchObject({ path: '/echo', aborted: true });
    expect((await post('{}')).status).toBe(201);
  });
});
