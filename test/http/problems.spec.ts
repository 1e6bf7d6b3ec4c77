import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, ForbiddenException, Get, HttpException, Param, StreamableFile } from '@nestjs/common';
import { Readable } from 'node:stream';
import { DomainError, ERROR_KINDS, type ErrorKind, notFound } from '../../src/common/domain-error.js';
import type { ProblemBody } from '../../src/http/problem.js';
import { startTinyApp, type TinyApp } from './tiny-app.js';

class DatabaseGone extends Error {}

const FAILURES: Record<string, () => unknown> = {
  bug: () => Object.assign(new Error('select * from secrets'), { parameters: ['hunter2'] }),
  string: () => 'thrown text',
  nothing: () => undefined,
  'database-gone': () => new DatabaseGone('10.0.0.7:5432 refused'),
  'nest-forbidden': () => new ForbiddenException('internal words'),
  'nest-teapot': () => new HttpException('internal words', 418),
  'nest-500': () => new HttpException('internal words', 500),
  limit: () => new DomainError('too_many', 'Slow down', { retryAfterSeconds: 7.2 }),
  detailed: () =>
    new DomainError('invalid', 'Two are wrong', { code: 'x', errors: [{ pointer: '/a', message: 'a is wrong' }] }),
  'secretive-401': () => new DomainError('unauthenticated', 'The signature is wrong', { code: 'jwt_signature' }),
  absent: () => notFound('key'),
};

@Controller()
class FailingController {
  @Get('kinds/:kind')
  kind(@Param('kind') kind: ErrorKind): never {
    throw new DomainError(kind, 'Said to the caller');
  }

  @Get('failures/:name')
  failure(@Param('name') name: string): never {
    throw FAILURES[name]!();
  }

  @Get('broken-stream')
  stream(): StreamableFile {
    async function* rows(): AsyncGenerator<Buffer> {
      yield Buffer.alloc(100_000, 'x');
      await new Promise((resolve) => setTimeout(resolve, 20));
      throw new Error('lost the connection');
    }
    return new StreamableFile(Readable.from(rows()));
  }
}

describe('a failing request', () => {
  let tiny: TinyApp;
  const get = (path: string, init?: RequestInit): Promise<Response> => fetch(tiny.url + path, init);
  const problemOf = async (path: string): Promise<ProblemBody> => (await get(path)).json() as Promise<ProblemBody>;

  beforeAll(async () => {
    const translate = (error: unknown): DomainError | undefined =>
      error instanceof DatabaseGone ? new DomainError('unavailable', 'The database is not available') : undefined;
    tiny = await startTinyApp(FailingController, { translate });
  });
  afterAll(() => tiny.close());

  it.each(Object.keys(ERROR_KINDS) as ErrorKind[])('of kind %s has its status, as problem+json', async (kind) => {
    const answer = await get(`/kinds/${kind}`);
    const { status, title } = ERROR_KINDS[kind];
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(await answer.json()).toMatchObject({
      type: `urn:ez-api:problem:${kind}`,
      title,
      status,
      code: kind,
      errors: [],
      request_id: answer.headers.get('x-request-id'),
    });
  });

  it('says what the service said, with code and fields', async () => {
    const answer = await get('/failures/detailed', { headers: { 'x-request-id': 'mine-1' } });
    expect(await answer.json()).toEqual({
      type: 'urn:ez-api:problem:x',
      title: 'Invalid request',
      status: 400,
      detail: 'Two are wrong',
      code: 'x',
      errors: [{ pointer: '/a', message: 'a is wrong' }],
      request_id: 'mine-1',
    });
  });

  it('never says why a credential was refused', async () => {
    const answer = await get('/failures/secretive-401', { headers: { 'x-request-id': 'same' } });
    const other = await get('/kinds/unauthenticated', { headers: { 'x-request-id': 'same' } });
    expect(await answer.text()).toBe(await other.text());
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
  });

  it('says when to come back', async () => {
    expect((await get('/failures/limit')).headers.get('retry-after')).toBe('8');
    expect((await get('/kinds/too_many')).headers.get('retry-after')).toBe('1');
    expect((await get('/kinds/unavailable')).headers.get('retry-after')).toBe('1');
    expect((await get('/kinds/conflict')).headers.get('retry-after')).toBeNull();
  });

  it('lists the methods that are allowed', async () => {
    expect((await get('/kinds/method_not_allowed')).headers.get('allow')).toContain('PATCH');
  });

  it('is translated when the database failed in a way that callers can understand', async () => {
    expect(await problemOf('/failures/database-gone')).toMatchObject({
      status: 503,
      detail: 'The database is not available',
    });
  });

  it.each(['bug', 'string', 'nothing', 'nest-500'])('answers 500 without a word of the cause: %s', async (name) => {
    const problem = await problemOf(`/failures/${name}`);
    expect(problem).toMatchObject({ status: 500, code: 'internal', title: 'Internal error' });
    expect(JSON.stringify(problem)).not.toMatch(/secrets|hunter2|thrown|internal words|at /);
  });

  it('is logged with its stack when it is ours, and without the parameters of the statement', async () => {
    const { request_id } = await problemOf('/failures/bug');
    const line = tiny.log.find((entry) => entry.level === 'error' && entry.request_id === request_id);
    expect(line?.err).toMatchObject({
      message: 'select * from secrets',
      stack: expect.stringContaining('problems.spec'),
    });
    expect(JSON.stringify(tiny.log)).not.toContain('hunter2');
  });

  it('is not logged as an error when it is the caller’s', async () => {
    const { request_id } = await problemOf('/failures/detailed');
    expect(tiny.log.filter((entry) => entry.level === 'error' && entry.request_id === request_id)).toEqual([]);
  });

  it('keeps the words of the framework to itself', async () => {
    expect(await problemOf('/failures/nest-forbidden')).toMatchObject({ status: 403, code: 'forbidden' });
    expect(await problemOf('/failures/nest-teapot')).toMatchObject({ status: 400, code: 'invalid' });
    expect(JSON.stringify(await problemOf('/failures/nest-forbidden'))).not.toContain('internal words');
  });

  it('answers 404 for a route that does not exist, and repeats nothing of it', async () => {
    const problem = await problemOf('/no/such?token=hunter2');
    expect(problem).toMatchObject({ status: 404, code: 'not_found', detail: 'No such route' });
    expect(JSON.stringify(problem)).not.toMatch(/hunter2|such\?/);
  });

  it('answers 400 for a path that cannot be decoded', async () => {
    expect(await problemOf('/kinds/%E0%A4%A')).toMatchObject({ status: 400, code: 'invalid' });
  });

  it('has no body in answer to HEAD', async () => {
    const answer = await get('/kinds/conflict', { method: 'HEAD' });
    expect(answer.status).toBe(409);
    expect(await answer.text()).toBe('');
  });

  it('cuts the connection when the answer has begun, so that half of it does not look whole', async () => {
    const answer = await get('/broken-stream');
    expect(answer.status).toBe(200);
    await expect(answer.arrayBuffer()).rejects.toThrow('terminated');
  });
});
