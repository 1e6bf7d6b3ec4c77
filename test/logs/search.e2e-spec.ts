import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { aRecord, balancer, records } from '../support/access-logs.js';
import { startApp, type TestApp } from '../support/app.js';
import { aMaster, type MasterBody } from '../support/gateway.js';
import type { Http, Json } from '../support/http.js';

const MINUTE = 60_000;
const START = Date.now() - 3 * 86_400_000;

/** The n-th of the test's records was answered n minutes after its start. */
const at = (n: number): string => new Date(START + n * MINUTE).toISOString();

describe('GET /admin/logs and /v1/logs', () => {
  let app: TestApp;
  let master: MasterBody;
  let other: MasterBody;

  const send = async (batch: Json[]): Promise<void> => {
    for (let i = 0; i < batch.length; i += 1000) {
      const { body } = await balancer(app).post('/logs?durable=true', batch.slice(i, i + 1000));
      expect(body.rejected).toEqual([]);
    }
  };

  beforeAll(async () => {
    app = await startApp();
    [master, other] = [await aMaster(app), await aMaster(app)];
    await send(
      Array.from({ length: 3000 }, (_, n) =>
        aRecord({
          at: at(n),
          master_id: n % 3 === 0 ? other.id : master.id,
          key_id: 1 + (n % 5),
          provider_id: 1 + (n % 7),
          group_id: 1 + (n % 2),
          namespace: n % 2 === 0 ? 'even' : 'odd',
          model: `model-${n % 4}`,
          status_code: n % 100 === 0 ? 503 : n % 50 === 0 ? 404 : 200,
          ...(n % 100 === 0 ? { error_code: 'upstream', error_message: `Timed Out after ${n} s` } : {}),
        }),
      ),
    );
  }, 60_000);
  afterAll(() => app.close());

  /** All pages, as a client follows them. */
  async function all(path: string, query: Record<string, string>, http: Http = app.admin): Promise<Json[]> {
    const found: Json[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const params = new URLSearchParams({ ...query, ...(cursor && { cursor }) });
      const { status, body }: Json = await http.get(`${path}?${params.toString()}`);
      expect(status).toBe(200);
      found.push(...body.data);
      cursor = body.next_cursor;
    }
    return found;
  }

  it('lists newest first, page after page, each record once', async () => {
    const found = await all('/admin/logs', { limit: '200' });
    expect(found).toHaveLength(3000);
    expect(found.map((record) => record.at)).toEqual(Array.from({ length: 3000 }, (_, n) => at(2999 - n)));
  });

  it('goes on where it was while new records come in', async () => {
    const first = (await app.admin.get('/admin/logs?limit=3')).body;
    await send([aRecord({ at: new Date().toISOString(), model: 'newcomer' })]);
    const second = (await app.admin.get(`/admin/logs?limit=3&cursor=${first.next_cursor}`)).body;
    expect(second.data.map(({ at: when }: Json) => when)).toEqual([at(2996), at(2995), at(2994)]);
  });

  it('keeps records of the same instant apart', async () => {
    await send(records(25, { at: at(10_000), model: 'same-instant' }).map((record) => ({ ...record, at: at(-1) })));
    const found = await all('/admin/logs', { model: 'same-instant', limit: '4' });
    expect(new Set(found.map(({ request_id }) => request_id)).size).toBe(25);
  });

  const everyN = (matches: (n: number) => boolean): string[] =>
    Array.from({ length: 3000 }, (_, n) => n)
      .filter(matches)
      .map(at)
      .toReversed();

  it.each<[Record<string, string>, (n: number) => boolean]>([
    [{ key_id: '2' }, (n) => n % 5 === 1],
    [{ provider_id: '3' }, (n) => n % 7 === 2],
    [{ group_id: '1', namespace: 'even' }, (n) => n % 2 === 0],
    [{ model: 'model-3', provider_id: '1' }, (n) => n % 28 === 7],
    [{ status: '404' }, (n) => n % 100 === 50],
    [{ status_class: '5xx' }, (n) => n % 100 === 0],
    [{ status_class: '2xx', key_id: '1', model: 'model-1' }, (n) => n % 20 === 5],
    [{ error: 'timed out AFTER 1' }, (n) => n % 100 === 0 && String(n).startsWith('1')],
    [{ error: 'upstream', provider_id: '1' }, (n) => n % 700 === 0],
    [{ from: at(100), to: at(103) }, (n) => n >= 100 && n < 103],
    [{ namespace: 'even', model: 'model-1' }, () => false],
  ])('finds %j', async (query, matches) => {
    const found = await all('/admin/logs', { ...query, from: query.from ?? at(0), to: query.to ?? at(3000) });
    expect(found.map((record) => record.at)).toEqual(everyN(matches));
  });

  it('finds a request by its id, and what a master has of a key', async () => {
    const [some] = (await app.admin.get('/admin/logs?status=503&limit=1')).body.data;
    expect(await all('/admin/logs', { request_id: some.request_id })).toEqual([some]);
    const ofBoth = await all('/admin/logs', { master_id: String(other.id), key_id: '1', limit: '200' });
    expect(ofBoth.map((record) => record.at)).toEqual(everyN((n) => n % 15 === 0));
  });

  it('shows a tenant its own records only, and nothing of the upstream', async () => {
    const own = app.anyone.as(other.master_key);
    const found = await all('/v1/logs', { limit: '200' }, own);
    expect(found.map((record) => record.at)).toEqual(everyN((n) => n % 3 === 0));
    expect(Object.keys(found[0])).not.toEqual(expect.arrayContaining(['provider_id']));
    const [foreign] = (await app.admin.get(`/admin/logs?master_id=${master.id}&limit=1`)).body.data;
    expect(await all('/v1/logs', { request_id: foreign.request_id }, own)).toEqual([]);
    expect((await own.get(`/v1/logs?master_id=${master.id}`)).status).toBe(400);
  });

  it('takes a cursor for the search that it was made for only', async () => {
    const { next_cursor: cursor } = (await app.admin.get('/admin/logs?limit=1&model=model-1')).body;
    const status = async (query: string): Promise<number> => (await app.admin.get(`/admin/logs?${query}`)).status;
    expect(await status(`model=model-1&cursor=${cursor}`)).toBe(200);
    expect(await status(`model=model-2&cursor=${cursor}`)).toBe(400);
    expect(await status(`model=model-1&cursor=${cursor}x`)).toBe(400);
    expect(await status('cursor=%00')).toBe(400);
    expect((await app.anyone.as(other.master_key).get(`/v1/logs?model=model-1&cursor=${cursor}`)).status).toBe(400);
  });

  it.each(['status=99', 'status_class=6xx', 'limit=201', 'limit=0', 'from=yesterday', 'key_id=x', 'unknown=1'])(
    'refuses %s',
    async (query) => {
      expect((await app.admin.get(`/admin/logs?${query}`)).status).toBe(400);
    },
  );
});
