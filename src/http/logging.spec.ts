import { describe, expect, it } from '@jest/globals';
import { runInRequestContext } from '../common/request-context.js';
import { createLogger, NestLogger, type LogSettings } from './logging.js';

function capture(settings: Partial<LogSettings> = {}): { logger: ReturnType<typeof createLogger>; lines: string[] } {
  const lines: string[] = [];
  const write = (line: string): void => void lines.push(line);
  return { logger: createLogger({ level: 'info', format: 'json', ...settings }, { write }), lines };
}

describe('the log', () => {
  it('is one JSON object a line, with the level by name and the time in UTC', () => {
    const { logger, lines } = capture();
    logger.info({ a: 1 }, 'hello');
    expect(JSON.parse(lines[0]!)).toEqual({ level: 'info', time: expect.stringMatching(/Z$/), a: 1, msg: 'hello' });
  });

  it('names the request that a line belongs to', () => {
    const { logger, lines } = capture();
    runInRequestContext({ request_id: 'r-1', ip: '' }, () => logger.info('inside'));
    logger.info('outside');
    expect(lines.map((line) => (JSON.parse(line) as { request_id?: string }).request_id)).toEqual(['r-1', undefined]);
  });

  it('says of an error its type, words, code, stack and cause, and nothing that clings to it', () => {
    const { logger, lines } = capture();
    const cause = new Error('the socket closed');
    const error = Object.assign(new TypeError('failed', { cause }), {
      code: '23505',
      parameters: ['hunter2'],
      query: 'x',
    });
    logger.error({ err: error });
    expect(JSON.parse(lines[0]!)).toMatchObject({
      err: {
        type: 'TypeError',
        message: 'failed',
        code: '23505',
        stack: expect.stringContaining('logging.spec'),
        cause: expect.stringContaining('the socket closed'),
      },
    });
    expect(lines[0]).not.toMatch(/hunter2|query/);
  });

  it('hides secrets that somebody logs by mistake', () => {
    const { logger, lines } = capture();
    logger.info({
      token: 'hunter2',
      headers: { authorization: 'hunter2', cookie: 'hunter2' },
      key: { secret: 'hunter2' },
    });
    expect(lines[0]).not.toContain('hunter2');
    expect(lines[0]).toContain('[redacted]');
  });

  it('is written for people where that is wanted', () => {
    const { logger, lines } = capture({ format: 'pretty' });
    logger.warn('watch out');
    expect(lines.join('')).toMatch(/WARN.*watch out/);
    expect(lines[0]).not.toContain('{');
  });

  it('takes what Nest has to say, with the name of who said it', () => {
    const { logger, lines } = capture();
    const nest = new NestLogger(logger);
    nest.error(new Error('broken'), undefined, 'Outbox');
    nest.log('ready', 'Main');
    nest.log('Mapped {/, GET}', 'RouterExplorer');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { level: 'error', context: 'Outbox', msg: 'broken', err: { type: 'Error' } },
      { level: 'info', context: 'Main', msg: 'ready' },
    ]);
    expect(lines).toHaveLength(2);
  });
});
