import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Client } from '../../clients/reader/client.js';
import type { Route } from '../../clients/reader/routing.js';
import { startApp, type TestApp } from '../support/app.js';
import { startBalancer, type TestBalancer } from '../support/balancer.js';
import { aKey, aMaster, aNamespace, aProviderGroup, anApiKey, created, tokenHash, unused } from '../support/gateway.js';
import { until } from '../support/launcher.js';

const DP_KEY = 'data-plane-encryption-key-0123456789';

describe('a balancer', () => {
  let app: TestApp;
  let balancer: TestBalancer;

  beforeAll(async () => {
    app = await startApp({ EZ_DP_ENCRYPTION_KEY: DP_KEY });
    balancer = startBalancer(app, 'balancer', { encryptionKey: DP_KEY });
  });
  afterAll(async () => {
    await balancer.close();
    await app.close();
  });

  /** Waits until it serves everything that is committed. */
  async function follows(): Promise<void> {
    const [head] = await app.db.query<{ version: string }[]>('SELECT version::text FROM sync_head');
    await until(() => BigInt(balancer.reader.version.version) >= BigInt(head!.version));
  }

  const client = async (token: string): Promise<Client> => {
    const answer = await balancer.reader.authenticate(token, '192.0.2.1');
    if (typeof answer === 'string') throw new Error(`refused: ${answer}`);
    return answer;
  };

  async function aBoundModel(group: object = {}): Promise<{ namespace: string; group_id: number; api_key_id: number }> {
    const namespace = await aNamespace(app);
    const { id: group_id } = await aProviderGroup(app, group);
    const { id: api_key_id } = await anApiKey(app, group_id, { secret: 'sk-upstream' });
    await created(app, '/admin/bindings', { namespace, public_model: 'gpt-4o', group_id });
    return { namespace, group_id, api_key_id };
  }

  it('sends a bare and a qualified model name to the upstream that is bound to it, with its secret', async () => {
    const { namespace, api_key_id } = await aBoundModel();
    const master = await aMaster(app, { namespaces: [namespace], default_namespace: namespace });
    const { token } = await aKey(app, master.id);
    await follows();
    for (const model of ['gpt-4o', `${namespace}.gpt-4o`]) {
      expect(balancer.reader.route(await client(token), model)).toMatchObject({
        provider: { id: api_key_id, api_key: 'sk-upstream' },
        upstream_model: 'gpt-4o',
        binding: `${namespace}.gpt-4o`,
      });
    }
  });

  it('refuses names that are not the key’s, and such that lead nowhere', async () => {
    const mine = await aBoundModel();
    const other = await aBoundModel();
    const master = await aMaster(app, { namespaces: [mine.namespace, other.namespace] });
    const { token } = await aKey(app, master.id, { namespaces: [mine.namespace], default_namespace: mine.namespace });
    const limited = await aKey(app, master.id, { model_limits_enabled: true, model_limits: ['something-else'] });
    await follows();
    const refused = async (secret: string, model: string) => {
      const answer = balancer.reader.route(await client(secret), model);
      return 'refused' in answer ? answer.refused : answer.binding;
    };
    expect(await refused(token, `${other.namespace}.gpt-4o`)).toBe('not_allowed');
    expect(await refused(token, 'gpt-4')).toBe('unknown_model');
    expect(await refused(limited.token, `${mine.namespace}.gpt-4o`)).toBe('not_allowed');
    await app.admin.patch(`/admin/api-keys/${mine.api_key_id}`, { status: 'manual_disabled' });
    await follows();
    expect(await refused(token, 'gpt-4o')).toBe('no_provider');
  });

  it('draws by weight, past candidates that resolve nothing and those of other route groups', async () => {
    const { namespace, group_id, api_key_id } = await aBoundModel();
    for (const [models, route_group] of [
      [['other'], 'default'],
      [['gpt-4o'], 'vip'],
    ]) {
      const other = await aProviderGroup(app, { models });
      await anApiKey(app, other.id);
      const binding = { namespace, public_model: 'gpt-4o', group_id: other.id, weight: 1_000, route_group };
      await created(app, '/admin/bindings', binding);
    }
    const idle = await anApiKey(app, group_id, { weight: 0 });
    const busy = await anApiKey(app, group_id, { weight: 3 });
    const master = await aMaster(app, { namespaces: [namespace], default_namespace: namespace });
    const key = await aKey(app, master.id);
    await follows();
    const who = await client(key.token);
    const drawn = Array.from({ length: 400 }, () => (balancer.reader.route(who, 'gpt-4o') as Route).provider.id);
    const share = (id: number): number => drawn.filter((each) => each === id).length / drawn.length;
    expect(share(idle.id)).toBe(0);
    expect(share(busy.id)).toBeGreaterThan(share(api_key_id));
    expect(share(busy.id) + share(api_key_id)).toBe(1);
  });

  it('lets nobody in with a secret from the moment at which its revocation is answered as applied', async () => {
    const master = await aMaster(app);
    const { id, token } = await aKey(app, master.id);
    await follows();
    await client(token);
    const path = `/admin/masters/${master.id}/keys/${id}/revoke?wait=applied&timeout_ms=30000`;
    expect((await app.admin.post(path)).headers.get('ez-propagation')).toBe('applied');
    expect(await balancer.reader.authenticate(token, '192.0.2.1')).toBe('revoked');
  });

  it('refuses no key of a tenant whose master key is rotated, however many there are', async () => {
    const master = await aMaster(app);
    const create = Array.from({ length: 350 }, () => ({ name: unused('key') }));
    const { body } = await app.admin.post(`/admin/masters/${master.id}/keys/batch`, { create });
    const tokens: string[] = body.created.map(({ token }: { token: string }) => token);
    await follows();
    const over = new AbortController();
    const answers = new Set<string>();
    const knocking = (async () => {
      for (let i = 0; !over.signal.aborted; i++) {
        const answer = await balancer.reader.authenticate(tokens[i % tokens.length]!, '192.0.2.1');
        answers.add(typeof answer === 'string' ? answer : 'let in');
      }
    })();
    for (let i = 0; i < 5; i++) {
      const { status } = await app.admin.post(`/admin/masters/${master.id}/manage`, { action: 'rotate' });
      expect(status).toBe(200);
      await app.sync();
    }
    over.abort();
    await knocking;
    expect([...answers]).toEqual(['let in']);
    expect(await app.redis.hget(`auth:token:${tokenHash(tokens.at(-1)!)}`, 'epoch')).toBe('6');
  });

  it('goes on through FLUSHALL under writes, and ends with what PostgreSQL says', async () => {
    const { namespace } = await aBoundModel();
    const master = await aMaster(app, { namespaces: [namespace], default_namespace: namespace });
    const { token } = await aKey(app, master.id);
    await follows();
    const who = await client(token);
    for (let i = 0; i < 3; i++) {
      await app.redis.flushdb();
      await created(app, '/admin/features', { name: unused('feature'), value: i });
      expect(balancer.reader.route(who, 'gpt-4o')).toMatchObject({ upstream_model: 'gpt-4o' });
      expect(await client(token)).toMatchObject({ master_id: master.id });
    }
    await app.sync();
    await follows();
    const { body } = await app.admin.get('/admin/features?page_size=200');
    expect(balancer.reader.configuration!.feature.size).toBe(body.total);
  });

  it('says so where it has another key than the one that upstream secrets are encrypted with', async () => {
    await aBoundModel();
    const wrong = startBalancer(app, 'wrong key', { encryptionKey: 'another-key-0123456789-0123456789' });
    await until(() => wrong.reader.refusal !== undefined);
    expect(wrong.reader.refusal).toContain('api_key is not encrypted with the key of this node');
    await wrong.close();
  });
});
