import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApp, type TestApp } from '../support/app.js';
import { aMaster } from '../support/gateway.js';

const MANY = 12_000;
const PATIENCE_MS = 60_000;

describe('a list of very many', () => {
  let app: TestApp;
  let masterId: number;

  beforeAll(async () => {
    app = await startApp();
    masterId = (await aMaster(app)).id;
    await app.db.query(
      `INSERT INTO keys (master_id, name) SELECT $1, CASE WHEN n % 2 = 0 THEN 'even-' ELSE 'odd-' END || n FROM generate_series(1, $2::int) n`,
      [masterId, MANY],
    );
    await app.db.query(
      `INSERT INTO operation_logs (actor_type, actor_id, actor_name, action, resource, gen, config_version)
       SELECT 'system', 'system', 'system', 'update', 'key', 1, n FROM generate_series(1, $1::int) n`,
      [MANY],
    );
    await app.db.query('ANALYZE keys');
    await app.db.query('ANALYZE operation_logs');
  }, PATIENCE_MS);
  afterAll(() => app.close());

  it.each(['/admin/keys', '/admin/operation-logs'])(
    'at %s gives an estimate of the total, and says so',
    async (path) => {
      const { body } = await app.admin.get(`${path}?page_size=2`);
      expect(body.total_is_exact).toBe(false);
      expect(body.total).toBeGreaterThan(10_000);
      expect(body.total).toBeLessThan(2 * MANY);
      expect(body.data).toHaveLength(2);
    },
  );

  it('is counted exactly where a filter leaves few enough', async () => {
    const { body } = await app.admin.get('/admin/keys?search=even-&page_size=2');
    expect([body.total, 'total_is_exact' in body]).toEqual([MANY / 2, false]);
  });

  it('ends with the last entry, and there the total is exact', async () => {
    const last = await app.admin.get(`/admin/keys?sort=id&page_size=200&page=60`);
    expect(last.body.data).toHaveLength(200);
    expect(last.body.data.at(-1).name).toBe(`even-${MANY}`);
    const shorter = await app.admin.get(`/admin/masters/${masterId}/keys?page_size=199&page=61`);
    expect([shorter.body.data.length, shorter.body.total]).toEqual([MANY % 199, MANY]);
    expect(shorter.body).not.toHaveProperty('total_is_exact');
  });

  it('has no page so deep that finding it would take long', async () => {
    const { status, body } = await app.admin.get('/admin/keys?page=5001&page_size=200');
    expect([status, body.errors[0].pointer]).toEqual([400, '/page']);
    expect((await app.admin.get('/admin/keys?page=5000&page_size=200')).body.data).toEqual([]);
  });
});
