import { setTimeout as sleep } from 'node:timers/promises';
import { INTERNAL_TOKEN, type TestApp } from '../support/app.js';
import { tokenHash, unused, type KeyBody } from '../support/gateway.js';
import { Http, type Answer, type Json } from '../support/http.js';

/** What a balancer sends: a batch of its own with these entries. */
export const aBatch = (...entries: object[]): { node: string; batch_id: string; entries: object[] } => ({
  node: 'node-1',
  batch_id: unused('batch'),
  entries,
});

interface Served {
  url: string;
}

export const flush = ({ url }: Served, body: unknown): Promise<Answer> =>
  new Http(url, INTERNAL_TOKEN).post('/internal/stats/flush', body);

/** Like a balancer: what wasn't counted is sent again. */
export async function settled(app: Served, body: unknown): Promise<Json> {
  for (;;) {
    const answer = await flush(app, body);
    if (answer.status === 200) return answer.body;
    if (answer.status !== 429 && answer.status !== 503) throw new Error(`flush answered ${JSON.stringify(answer)}`);
    await sleep(1_000 * Math.random() * Number(answer.headers.get('retry-after')));
  }
}

export const keyOf = async ({ admin }: { admin: Http }, { id }: { id: number }): Promise<Json> =>
  (await admin.get(`/admin/keys/${id}`)).body;

/** What balancers know of a key. */
export const inRedis = ({ app }: { app: TestApp }, { token }: KeyBody, ...fields: string[]) =>
  app.redis.hmget(`auth:token:${tokenHash(token)}`, ...fields);

const DAY_MS = 86_400_000;

export const dayAfter = (days: number): string => new Date(Date.now() + days * DAY_MS).toISOString().slice(0, 10);
