import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { KeyRing } from '../../src/common/envelope.js';
import { ApiKeySecrets } from '../../src/modules/api-keys/api-key-secrets.js';
import { startApp, type TestApp } from '../support/app.js';
import { anApiKey, aProviderGroup } from '../support/gateway.js';

const [NEW, OLD, LOST] = ['new', 'old', 'lost'].map((word) => `${word}-encryption-key-0123456789abcdef`);

describe('upstream secrets, when the encryption key is replaced', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp({ EZ_ENCRYPTION_KEY: `${NEW},${OLD}` });
  });
  afterAll(() => app.close());

  /** An API key whose secret was sealed with another key, in the row where it stands or as if for another. */
  const sealedWith = async (key: string, secret: string, row = (id: number) => id): Promise<number> => {
    const { id } = await anApiKey(app, (await aProviderGroup(app)).id);
    const envelope = new KeyRing([key]).seal(secret, `api_keys:${row(id)}:secret`);
    await app.db.query('UPDATE api_keys SET secret = $1 WHERE id = $2', [envelope, id]);
    return id;
  };
  const storedOf = async (id: number): Promise<string> =>
    (await app.db.query<{ secret: string }[]>('SELECT secret FROM api_keys WHERE id = $1', [id]))[0]!.secret;
  const secrets = () => app.nest.get(ApiKeySecrets);

  it('move to the current key without a version, and open as before', async () => {
    const id = await sealedWith(OLD!, 'sk-from-before');
    const before = (await app.admin.get(`/admin/api-keys/${id}`)).body;
    expect(await secrets().resealOutdated()).toBe(1);
    expect(await secrets().resealOutdated()).toBe(0);

    const stored = await storedOf(id);
    expect(stored.startsWith(new KeyRing([NEW!]).prefix)).toBe(true);
    expect(new KeyRing([NEW!]).open(stored, `api_keys:${id}:secret`)).toBe('sk-from-before');
    expect((await app.admin.get(`/admin/api-keys/${id}`)).body).toEqual(before);
    await app.admin.patch(`/admin/api-keys/${id}?wait=applied&timeout_ms=30000`, { weight: 2 });
    expect(JSON.parse((await app.redis.hget('config:providers', String(id)))!).api_key).toBe('sk-from-before');
  });

  it('stay with the old key while a transaction holds their row, and move the next time', async () => {
    const id = await sealedWith(OLD!, 'sk-held');
    const runner = app.db.createQueryRunner();
    await runner.startTransaction();
    await runner.query('SELECT FROM api_keys WHERE id = $1 FOR UPDATE', [id]);
    expect(await secrets().resealOutdated()).toBe(0);
    await runner.rollbackTransaction();
    await runner.release();
    expect(await secrets().resealOutdated()).toBe(1);
  });

  it('that no key opens are left as they are, and counted on the health page', async () => {
    const ids = [await sealedWith(LOST!, 'sk-lost'), await sealedWith(NEW!, 'sk-moved', (id) => id + 1)];
    const before = await Promise.all(ids.map(storedOf));
    await secrets().resealOutdated();
    expect(await Promise.all(ids.map(storedOf))).toEqual(before);
    expect((await app.anyone.get('/health')).body).toMatchObject({ status: 'degraded', undecryptable_secrets: 2 });
  });
});
