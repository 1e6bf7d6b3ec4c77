import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import pg from 'pg';
import { parsePgDsn } from '../../src/config/pg-dsn.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { aKey, aMaster, tokenHash, unused } from '../support/gateway.js';
import { claimRedisDb, type TestRedis } from '../support/redis.js';
import { ServerProcess } from '../support/server-process.js';

/** The statements that the handbook tells to run. */
function documentedGrants(role: string): string {
  const [, sql] = /```sql\n(GRANT [^`]*)```/.exec(readFileSync('docs/operations.md', 'utf8')) ?? [];
  return sql!.replaceAll('ez_api', role);
}

describe('a server whose role may not change the schema', () => {
  const role = `t_role_${randomBytes(6).toString('hex')}`;
  let database: TestDatabase;
  let redis: TestRedis;
  let owner: pg.Client;
  let server: ServerProcess;
  let dsn: string;

  beforeAll(async () => {
    [database, redis] = await Promise.all([createTestDatabase(), claimRedisDb()]);
    owner = new pg.Client(parsePgDsn(database.dsn));
    await owner.connect();
    await owner.query(`CREATE ROLE ${role} LOGIN PASSWORD '${role}'`);
    await owner.query(documentedGrants(role));
    const { host, port, database: name } = parsePgDsn(database.dsn);
    dsn = `postgres://${role}:${role}@${host}:${port}/${name}`;
    server = await ServerProcess.start({
      EZ_PG_DSN: dsn,
      EZ_REDIS_ADDR: redis.addr,
      EZ_REDIS_PASSWORD: redis.password,
      EZ_REDIS_DB: String(redis.db),
    });
  });
  afterAll(async () => {
    await server.end('SIGTERM');
    await owner.query(`DROP OWNED BY ${role}`);
    await owner.query(`DROP ROLE ${role}`);
    await owner.end();
    await redis.close();
    await database.drop();
  });

  it('is ready, writes, repeats answers, and leads changes to Redis', async () => {
    expect((await server.admin.get('/health/ready')).status).toBe(200);
    const master = await aMaster(server);
    const key = await aKey(server, master.id);
    const retried = { name: unused('ns') };
    const headers = { 'Idempotency-Key': retried.name };
    await server.admin.post('/admin/namespaces', retried, headers);
    const again = await server.admin.post('/admin/namespaces', retried, headers);
    expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([201, 'true']);
    const path = `/admin/masters/${master.id}/keys/${key.id}/revoke?wait=applied&timeout_ms=30000`;
    expect((await server.admin.post(path)).headers.get('ez-propagation')).toBe('applied');
    expect(await redis.client.hget(`auth:token:${tokenHash(key.token)}`, 'status')).toBe('revoked');
    expect((await server.admin.post('/sync/snapshot?wait=applied&timeout_ms=30000')).body.state).toBe('applied');
    expect((await server.admin.delete(`/admin/masters/${master.id}`)).status).toBe(204);
    expect((await server.admin.get('/admin/sync/status')).body.dispatcher.last_error).toBeNull();
  });

  it.each([
    ['change a table', 'ALTER TABLE keys ADD COLUMN more text'],
    ['add one', 'CREATE TABLE more (id int)'],
    ['empty one', 'TRUNCATE keys'],
    ['rewrite the operation log', 'DELETE FROM operation_logs'],
    ['say which migrations were applied', 'DELETE FROM migrations'],
  ])('could not %s if it tried', async (_what, sql) => {
    const client = new pg.Client(dsn);
    await client.connect();
    try {
      await expect(client.query(sql)).rejects.toMatchObject({ code: '42501' });
    } finally {
      await client.end();
    }
  });
});
