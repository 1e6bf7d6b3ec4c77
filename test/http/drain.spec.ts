import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Get } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { shutDown } from '../../src/http/drain.js';
import { startTinyApp, type TinyApp } from './tiny-app.js';

let begin: () => void;
let release: () => void;

@Controller()
class SlowController {
  @Get('slow')
  async slow(): Promise<string> {
    begin();
    await new Promise<void>((resolve) => (release = resolve));
    return 'finished';
  }

  @Get('quick')
  quick(): string {
    return 'quick';
  }
}

describe('shutting down', () => {
  let tiny: TinyApp;
  /** A request that has reached its route and waits there. */
  const startSlow = async (): Promise<{ answer: Promise<Response> }> => {
    const begun = new Promise<void>((resolve) => (begin = resolve));
    const answer = fetch(`${tiny.url}/slow`);
    await begun;
    return { answer };
  };

  beforeEach(async () => {
    tiny = await startTinyApp(SlowController);
  });
  afterEach(() => tiny.close());

  it('finishes what runs, and refuses what comes new with 503', async () => {
    const { answer } = await startSlow();
    const down = shutDown(tiny.app, tiny.drain, 5_000);
    const refused = await fetch(`${tiny.url}/quick`);
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(refused.headers.get('connection')).toBe('close');
    expect(await refused.json()).toMatchObject({ code: 'draining' });
    release();
    expect(await (await answer).text()).toBe('finished');
    await down;
    await expect(fetch(`${tiny.url}/quick`)).rejects.toThrow('fetch failed');
  });

  it('waits no longer than it may', async () => {
    const { answer } = await startSlow();
    const outcome = answer.catch((error: Error) => error.message);
    await shutDown(tiny.app, tiny.drain, 2_000);
    expect(await outcome).toBe('fetch failed');
    release();
  });

  it('ends at the deadline though something is not closed', async () => {
    const stuck = { close: () => new Promise<void>(() => undefined), getHttpServer: () => tiny.app.getHttpServer() };
    const down = shutDown(stuck as unknown as typeof tiny.app, tiny.drain, 100);
    await expect(down).rejects.toThrow('not everything was closed within 100 ms');
  });

  it('is not held up by idle connections', async () => {
    await (await fetch(`${tiny.url}/quick`)).text();
    await Promise.race([
      shutDown(tiny.app, tiny.drain, 60_000),
      delay(2_000, undefined, { ref: false }).then(() => Promise.reject(new Error('held up'))),
    ]);
    await expect(fetch(`${tiny.url}/quick`)).rejects.toThrow('fetch failed');
  });
});
