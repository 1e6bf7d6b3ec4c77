import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Body, Controller, Get, Post, Res } from '@nestjs/common';
import type { Response as ExpressResponse } from 'express';
import { requestContext } from '../../src/common/request-context.js';
import { open, postJson, sendRaw, startTinyApp, type TinyApp } from './tiny-app.js';

@Controller()
class EdgeController {
  @Get('context')
  context(): unknown {
    return requestContext();
  }

  @Post('context')
  contextAfterBody(): unknown {
    return requestContext();
  }

  @Get('health/live')
  live(): string {
    return 'ok';
  }

  @Post('write')
  write(@Body() _body: unknown, @Res({ passthrough: true }) res: ExpressResponse): { token: string } {
    requestContext()!.actor = { type: 'admin', id: 'root', name: 'root' };
    res.setHeader('EZ-Config-Version', '1.42');
    return { token: 'answer-secret' };
  }
}

const REQUEST_ID = /^[0-9a-f]{32}$/;

let tiny: TinyApp;
const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(tiny.url + path, { headers });
const context = async (headers: Record<string, string>): Promise<Record<string, unknown>> =>
  (await get('/context', headers)).json() as Promise<Record<string, unknown>>;

describe('the edge', () => {
  beforeAll(async () => {
    tiny = await startTinyApp(EdgeController);
  });
  afterAll(() => tiny.close());

  it.each(['abc', 'A-1_b.c', 'x'.repeat(64)])('keeps the request id %s', async (id) => {
    const answer = await get('/context', { 'x-request-id': id });
    expect(answer.headers.get('x-request-id')).toBe(id);
    expect(await answer.json()).toMatchObject({ request_id: id });
  });

  it.each(['', 'a b', 'x'.repeat(65), 'a"b', 'a,b', 'ü'])('replaces the request id %p', async (id) => {
    expect((await get('/context', { 'x-request-id': id })).headers.get('x-request-id')).toMatch(REQUEST_ID);
  });

  it('gives each request an id of its own, which it still has after its body was read', async () => {
    const answers = await Promise.all([1, 2, 3].map(() => postJson(`${tiny.url}/context`, { a: 1 })));
    const seen = await Promise.all(answers.map((answer) => answer.json() as Promise<{ request_id: string }>));
    expect(seen.map(({ request_id }) => request_id)).toEqual(answers.map(({ headers }) => headers.get('x-request-id')));
    expect(new Set(seen.map(({ request_id }) => request_id)).size).toBe(3);
  });

  it('sets the headers of a careful server and names no software', async () => {
    const { headers } = await get('/context');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toContain("default-src 'self'");
    expect(headers.get('content-security-policy')).not.toContain('upgrade-insecure-requests');
    expect(headers.get('strict-transport-security')).toContain('max-age');
    for (const name of ['x-powered-by', 'server', 'etag']) expect(headers.get(name)).toBeNull();
  });

  it('lets no other origin read', async () => {
    expect(
      (await get('/context', { origin: 'https://evil.example' })).headers.get('access-control-allow-origin'),
    ).toBeNull();
    const preflight = await fetch(`${tiny.url}/context`, {
      method: 'OPTIONS',
      headers: { origin: 'https://evil.example', 'access-control-request-method': 'GET' },
    });
    expect(preflight.headers.get('access-control-allow-origin')).toBeNull();
  });

  it('believes no forwarded address', async () => {
    expect(await context({ 'x-forwarded-for': '8.8.8.8' })).toMatchObject({ ip: '127.0.0.1' });
  });

  it.each(['TRACE', 'PROPFIND', 'PURGE', 'QUERY'])('refuses %s', async (method) => {
    const answer = await sendRaw(tiny.port, `${method} /context HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 (405|400)/);
    expect(answer).toContain('application/problem+json');
  });

  it('refuses a URI above 8 KiB with 414', async () => {
    const answer = await get(`/context?${'x'.repeat(8192)}`);
    expect(await answer.json()).toMatchObject({ status: 414, code: 'uri_too_long' });
    expect((await get(`/context?${'x'.repeat(8000)}`)).status).toBe(200);
  });

  it('refuses a URI with 414 even when it is too long to be read', async () => {
    const answer = await sendRaw(tiny.port, `GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 414 URI Too Long\r\n/);
  });

  it('refuses headers above 16 KiB with 431, as problem+json with an id', async () => {
    const answer = await sendRaw(tiny.port, `GET / HTTP/1.1\r\nHost: x\r\nX-Big: ${'x'.repeat(17_000)}\r\n\r\n`);
    const [head = '', body = ''] = answer.split('\r\n\r\n');
    expect(head).toMatch(/^HTTP\/1\.1 431 Request Header Fields Too Large\r\n/);
    expect(head).toContain('Content-Type: application/problem+json');
    expect(JSON.parse(body)).toMatchObject({
      status: 431,
      code: 'headers_too_large',
      request_id: expect.stringMatching(REQUEST_ID),
    });
  });

  it.each(['nonsense\r\n\r\n', 'GET / HTTP/9.9\r\n\r\n', 'GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n'])(
    'answers 400 to what is not HTTP: %j',
    async (text) => {
      const answer = await sendRaw(tiny.port, text);
      expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
      expect(answer).toContain('"code":"invalid"');
    },
  );

  it('refuses two lengths of one body, which proxies read differently', async () => {
    const text = 'POST /write HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n';
    expect(await sendRaw(tiny.port, text)).toMatch(/^HTTP\/1\.1 400/);
  });
});

describe('the access log', () => {
  beforeAll(async () => {
    tiny = await startTinyApp(EdgeController);
  });
  afterAll(() => tiny.close());

  const lineOf = (id: string): Record<string, unknown> | undefined =>
    tiny.log.find((line) => line.request_id === id && 'duration_ms' in line);

  it('has one line of known fields for each request', async () => {
    await postJson(`${tiny.url}/write?wait=applied`, { a: 1 }, { 'x-request-id': 'log-1' });
    expect(lineOf('log-1')).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      msg: 'POST /write 201',
      method: 'POST',
      path: '/write',
      status: 201,
      duration_ms: expect.any(Number),
      request_id: 'log-1',
      actor_type: 'admin',
      actor_id: 'root',
      ip: '127.0.0.1',
      config_version: '1.42',
    });
  });

  it('has no query, header, body or answer in it', async () => {
    const headers = { authorization: 'Bearer header-secret', cookie: 'c=header-secret', 'x-request-id': 'log-2' };
    await postJson(`${tiny.url}/write?token=query-secret`, { password: 'body-secret' }, headers);
    expect(lineOf('log-2')).toBeDefined();
    expect(JSON.stringify(tiny.log)).not.toMatch(/(header|query|body|answer)-secret/);
  });

  it('has refused requests too', async () => {
    await postJson(`${tiny.url}/nowhere`, {}, { 'x-request-id': 'log-3' });
    expect(lineOf('log-3')).toMatchObject({ status: 404, path: '/nowhere' });
  });

  it('mentions health checks for debugging only', async () => {
    await get('/health/live', { 'x-request-id': 'log-4' });
    expect(lineOf('log-4')).toMatchObject({ level: 'debug' });
  });
});

describe('the edge, configured', () => {
  afterEach(() => tiny.close());

  it('lets the listed origins read, and only those', async () => {
    tiny = await startTinyApp(EdgeController, { edge: { corsOrigins: ['https://a.example', 'https://b.example'] } });
    const allowed = async (origin: string): Promise<string | null> =>
      (await get('/context', { origin })).headers.get('access-control-allow-origin');
    expect(await allowed('https://b.example')).toBe('https://b.example');
    expect(await allowed('https://evil.example')).toBeNull();
    expect(await allowed('https://a.example.evil.example')).toBeNull();
  });

  it('tells browsers which headers they may read', async () => {
    tiny = await startTinyApp(EdgeController, { edge: { corsOrigins: ['*'] } });
    const { headers } = await get('/context', { origin: 'https://any.example' });
    expect(headers.get('access-control-allow-origin')).toBe('*');
    expect(headers.get('access-control-expose-headers')).toContain('EZ-Config-Version');
  });

  it('believes the address that a listed proxy forwards', async () => {
    tiny = await startTinyApp(EdgeController, { edge: { trustProxy: ['127.0.0.0/8', '10.0.0.0/8'] } });
    expect(await context({ 'x-forwarded-for': '8.8.8.8' })).toMatchObject({ ip: '8.8.8.8' });
    expect(await context({ 'x-forwarded-for': '6.6.6.6, 8.8.8.8, 10.0.0.7' })).toMatchObject({ ip: '8.8.8.8' });
    expect(await context({ 'x-forwarded-for': '::ffff:8.8.8.8' })).toMatchObject({ ip: '8.8.8.8' });
  });

  it.each([
    ['headers', 'GET /context HTTP/1.1\r\nHost: x\r\n'],
    ['bodies', 'POST /write HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{'],
  ])('waits for slow %s only so long', async (_what, text) => {
    const limits = { headersTimeoutMs: 100, requestTimeoutMs: 200, keepAliveTimeoutMs: 1000 };
    tiny = await startTinyApp(EdgeController, { limits });
    expect(await sendRaw(tiny.port, text)).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n.*"code":"timeout"/s);
  });

  it('closes idle connections', async () => {
    const limits = { headersTimeoutMs: 100, requestTimeoutMs: 200, keepAliveTimeoutMs: 100 };
    tiny = await startTinyApp(EdgeController, { limits });
    const socket = await open(tiny.port);
    socket.resume().write('GET /context HTTP/1.1\r\nHost: x\r\n\r\n');
    await new Promise((resolve) => socket.once('close', resolve));
    expect(socket.destroyed).toBe(true);
  });
});
