import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Drain } from '../../src/http/drain.js';
import { ADMIN_TOKEN, startApp, type TestApp } from '../support/app.js';
import { aMaster, type MasterBody } from '../support/gateway.js';
import type { Json } from '../support/http.js';

const now = (): { second: number; minute: number } => {
  const second = Math.floor(Date.now() / 1000);
  return { second, minute: Math.floor(second / 60) };
};

describe('the realtime of a master', () => {
  let app: TestApp;
  let master: MasterBody;

  beforeAll(async () => {
    app = await startApp();
    master = await aMaster(app);
  });
  afterAll(() => app.close());

  /** What a balancer would have counted, in the minutes around now, so that the test may run over the end of one. */
  async function serve(id: number, counters: Record<string, string | number>): Promise<void> {
    const { minute } = now();
    for (const each of [minute - 2, minute - 1, minute, minute + 1])
      await app.redis.hset(`rt:master:${id}:${each}`, counters);
  }

  async function serveAtRate(id: number, qps: number): Promise<void> {
    const { second } = now();
    const keys = Array.from({ length: 90 }, (_, i) => `rt:master:${id}:qps:${second - 30 + i}`);
    await app.redis.mset(Object.fromEntries(keys.map((key) => [key, qps])));
  }

  const get = async (id = master.id): Promise<Json> => (await app.admin.get(`/admin/masters/${id}/realtime`)).body;

  it('is what its balancers have counted', async () => {
    const counted = { requests: 312, errors: 4, input_tokens: 80_123, output_tokens: 21_456 };
    await serve(master.id, counted);
    await serveAtRate(master.id, 5);
    const body = await get();
    expect(body).toMatchObject({ master_id: master.id, qps: 5, last_minute: counted, current_minute: counted });
    expect(Date.parse(body.current_minute.since) - Date.parse(body.last_minute.since)).toBe(60_000);
    expect((await app.anyone.as(master.master_key).get('/v1/realtime')).body).toMatchObject({
      master_id: master.id,
      last_minute: counted,
    });
  });

  it('is zero where nobody has counted, or something else than numbers', async () => {
    const quiet = await aMaster(app);
    const zero = { requests: 0, errors: 0, input_tokens: 0, output_tokens: 0 };
    expect(await get(quiet.id)).toMatchObject({ qps: 0, last_minute: zero, current_minute: zero });
    await serve(quiet.id, { requests: 'many', errors: '-1', input_tokens: '1e3' });
    expect(await get(quiet.id)).toMatchObject({ last_minute: zero });
  });

  it('is 404 for a master that is not there', async () => {
    expect(await app.admin.get('/admin/masters/999999/realtime')).toMatchObject({ status: 404 });
  });

  it('is 503 while the counters cannot be read, for they live nowhere else', async () => {
    const { minute } = now();
    const broken = await aMaster(app);
    for (const each of [minute - 1, minute, minute + 1]) await app.redis.set(`rt:master:${broken.id}:${each}`, 'text');
    expect(await app.admin.get(`/admin/masters/${broken.id}/realtime`)).toMatchObject({
      status: 503,
      body: { code: 'redis_unavailable' },
    });
  });

  describe('as server-sent events', () => {
    const follow = (signal: AbortSignal, who = master): Promise<Response> =>
      fetch(`${app.url}/v1/realtime`, {
        headers: { accept: 'text/event-stream', authorization: `Bearer ${who.master_key}` },
        signal,
      });

    /** The first events of a stream, which goes on. */
    async function events(response: Response, count: number): Promise<Json[]> {
      const found: Json[] = [];
      for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
        for (const [, data] of chunk.matchAll(/^event: realtime\ndata: (.*)$/gm)) found.push(JSON.parse(data!));
        if (found.length >= count) break;
      }
      return found;
    }

    it('goes on with what is counted meanwhile', async () => {
      const stop = new AbortController();
      await serve(master.id, { requests: 1 });
      const response = await follow(stop.signal);
      expect([response.status, response.headers.get('content-type')]).toEqual([
        200,
        'text/event-stream; charset=utf-8',
      ]);
      const reader = events(response, 3);
      await serve(master.id, { requests: 2 });
      expect((await reader).at(-1)).toMatchObject({ master_id: master.id, current_minute: { requests: 2 } });
      stop.abort();
    });

    it('is limited for each master, and no tenant takes the places of others', async () => {
      const stop = new AbortController();
      const [greedy, other] = [await aMaster(app), await aMaster(app)];
      const answers = await Promise.all(Array.from({ length: 11 }, () => follow(stop.signal, greedy)));
      expect(answers.filter(({ status }) => status === 429)).toHaveLength(1);
      expect((await follow(stop.signal, other)).status).toBe(200);
      stop.abort();
    });

    it('needs a credential', async () => {
      const response = await fetch(`${app.url}/v1/realtime`, { headers: { accept: 'text/event-stream' } });
      expect(response.status).toBe(401);
    });

    it('ends when the server is to stop', async () => {
      const server = await startApp();
      const { id } = await aMaster(server);
      const response = await fetch(`${server.url}/admin/masters/${id}/realtime`, {
        headers: { accept: 'text/event-stream', authorization: `Bearer ${ADMIN_TOKEN}` },
      });
      const all = response.text();
      await server.nest.get(Drain).finish(60_000);
      expect(await all).toMatch(/^retry: /);
      await server.close();
    });
  });
});
