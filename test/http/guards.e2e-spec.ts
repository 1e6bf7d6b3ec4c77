import { Controller, Delete, Get, Post } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { requestContext } from '../../src/common/request-context.js';
import { ConfigModule } from '../../src/config/config.module.js';
import { loadConfig } from '../../src/config/load-config.js';
import { hashToken, newAdminToken, newClientToken, newMasterKey } from '../../src/contract/token.js';
import { dataSourceOptions } from '../../src/data-source.js';
import { AdminRoute, InternalRoute, MasterRoute } from '../../src/http/access.js';
import { HttpAuthModule } from '../../src/http/auth/http-auth.module.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { Http } from '../support/http.js';
import { until } from '../support/launcher.js';
import { sendRaw, startTinyApp, type TinyApp } from './tiny-app.js';

const ADMIN_TOKEN = 'guard-admin-token-0123456789abcdef';
const INTERNAL_TOKEN = 'guard-internal-token-0123456789abc';

const whoIsIt = (): object => ({ actor: requestContext()?.actor, scopes: requestContext()?.scopes });

/** One route of each role, which answers whom the guard took the caller for. */
@Controller()
class Probe {
  @Get('admin')
  @AdminRoute('masters')
  readAsAdmin(): object {
    return whoIsIt();
  }

  @Post('admin')
  @AdminRoute('masters')
  writeAsAdmin(): object {
    return whoIsIt();
  }

  @Delete('admin/keys')
  @AdminRoute('keys')
  deleteKeys(): object {
    return whoIsIt();
  }

  @Get('master')
  @MasterRoute()
  asMaster(): object {
    return whoIsIt();
  }

  @Get('internal')
  @InternalRoute()
  asInternal(): object {
    return whoIsIt();
  }
}

describe('the guards', () => {
  let database: TestDatabase;
  let app: TinyApp;
  let anyone: Http;

  const start = (env: Record<string, string> = {}): Promise<TinyApp> => {
    const config = loadConfig(
      {
        EZ_PG_DSN: database.dsn,
        EZ_ADMIN_TOKEN: ADMIN_TOKEN,
        EZ_INTERNAL_TOKEN: INTERNAL_TOKEN,
        EZ_JWT_SECRET: 'guard-jwt-secret-0123456789abcdef',
        EZ_ENCRYPTION_KEY: 'guard-encryption-key-0123456789abc',
        ...env,
      },
      '/nonexistent',
    );
    const imports = [ConfigModule.forRoot(config), TypeOrmModule.forRoot(dataSourceOptions(config)), HttpAuthModule];
    return startTinyApp(Probe, { imports });
  };

  beforeAll(async () => {
    database = await createTestDatabase();
    app = await start();
    anyone = new Http(app.url);
  });
  afterAll(async () => {
    await app.close();
    await database.drop();
  });

  const insert = async (sql: string, values: unknown[]): Promise<string> =>
    (await app.app.get(DataSource).query<{ id: string }[]>(`${sql} RETURNING id`, values))[0]!.id;

  const aMaster = async (status = 'active'): Promise<{ id: string; key: string }> => {
    const key = newMasterKey();
    const sql = `INSERT INTO masters (name, status, master_key_hash, master_key_hint) VALUES ($1, $2, $3, '')`;
    return { key, id: await insert(sql, [key, status, hashToken(key)]) };
  };

  const aToken = async (scopes: string[], expires = 'infinity'): Promise<{ id: string; token: string }> => {
    const token = newAdminToken();
    const sql = `INSERT INTO admin_tokens (name, scopes, expires_at, token_hash, hint) VALUES ($1, $2, $3, $4, '')`;
    return { token, id: await insert(sql, [token, scopes, expires, hashToken(token)]) };
  };

  const tokenWith = async (...scopes: string[]): Promise<Http> => anyone.as((await aToken(scopes)).token);

  it.each([
    ['admin', ADMIN_TOKEN],
    ['internal', INTERNAL_TOKEN],
  ])('know the %s role by the configured token', async (role, token) => {
    const { status, body } = await anyone.as(token).get(`/${role}`);
    expect([status, body]).toEqual([200, { actor: { type: role, id: role, name: role } }]);
  });

  it('know a scoped admin token by its id, and its scopes', async () => {
    const { id, token } = await aToken(['masters:read']);
    const { body } = await anyone.as(token).get('/admin');
    expect(body).toEqual({ actor: { type: 'admin_token', id, name: token }, scopes: ['masters:read'] });
  });

  it('know a master by its key', async () => {
    const { id, key } = await aMaster();
    const { body } = await anyone.as(key).get('/master');
    expect(body).toEqual({ actor: { type: 'master', id, name: key } });
  });

  describe('answer 401 in one form', () => {
    const body = {
      type: 'urn:ez-api:problem:unauthenticated',
      title: 'Authentication required',
      status: 401,
      detail: 'A valid credential is needed',
      code: 'unauthenticated',
      errors: [],
      request_id: 'r-1',
    };
    const REFUSALS = ['/admin', '/master', '/internal'].map((path) => ({
      path,
      status: 401,
      challenge: 'Bearer',
      body,
    }));

    const answersTo = (authorization: string | undefined): Promise<object[]> =>
      Promise.all(
        REFUSALS.map(async ({ path }) => {
          const headers = { 'x-request-id': 'r-1', ...(authorization === undefined ? {} : { authorization }) };
          const answer = await anyone.get(path, headers);
          const challenge = answer.headers.get('www-authenticate');
          return { path, status: answer.status, challenge, body: answer.body as unknown };
        }),
      );

    it.each([
      ['no credential', undefined],
      ['another scheme', `Basic ${ADMIN_TOKEN}`],
      ['two tokens', `Bearer ${ADMIN_TOKEN} ${ADMIN_TOKEN}`],
      ['the beginning of the token', `Bearer ${ADMIN_TOKEN.slice(0, -1)}`],
      ['more than the token', `Bearer ${ADMIN_TOKEN}x`],
      ['a master key that was never given', `Bearer ${newMasterKey()}`],
      ['an admin token that was never given', `Bearer ${newAdminToken()}`],
      ['what looks like a JWT', 'Bearer e30.e30.e30'],
    ])('for %s', async (_what, authorization) => {
      expect(await answersTo(authorization)).toEqual(REFUSALS);
    });

    it('for a suspended master', async () => {
      expect(await answersTo(`Bearer ${(await aMaster('suspended')).key}`)).toEqual(REFUSALS);
    });

    it('for an expired admin token', async () => {
      expect(await answersTo(`Bearer ${(await aToken(['*'], '2020-01-01')).token}`)).toEqual(REFUSALS);
    });

    it('for the hash of a credential in its place', async () => {
      expect(await answersTo(`Bearer ${hashToken((await aMaster()).key)}`)).toEqual(REFUSALS);
    });

    it('for two headers, even if both are right', async () => {
      const header = `Authorization: Bearer ${ADMIN_TOKEN}\r\n`;
      const answer = await sendRaw(
        app.port,
        `GET /admin HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${header}${header}\r\n`,
      );
      expect(answer).toMatch(/^HTTP\/1.1 401 /);
    });
  });

  it('answer 403 to a right credential of another role', async () => {
    const [admin, internal, scoped] = [anyone.as(ADMIN_TOKEN), anyone.as(INTERNAL_TOKEN), await tokenWith('*')];
    const master = anyone.as((await aMaster()).key);
    const wrong: [Http, string][] = [
      ...[master, internal].map((who): [Http, string] => [who, '/admin']),
      ...[admin, scoped, internal].map((who): [Http, string] => [who, '/master']),
      ...[admin, scoped, master].map((who): [Http, string] => [who, '/internal']),
    ];
    for (const [who, path] of wrong) expect((await who.get(path)).status).toBe(403);
  });

  it('let a scoped admin token do what its scopes say, and answer 403 beyond them', async () => {
    const reader = await tokenWith('masters:read');
    expect((await reader.get('/admin')).status).toBe(200);
    expect((await reader.send('HEAD', '/admin')).status).toBe(200);
    expect(await reader.post('/admin')).toMatchObject({
      status: 403,
      body: { detail: 'This takes the scope masters:write' },
    });
    expect((await reader.delete('/admin/keys')).status).toBe(403);

    const writer = await tokenWith('masters:write', 'keys:*');
    expect((await writer.get('/admin')).status).toBe(403);
    expect((await writer.post('/admin')).status).toBe(201);
    expect((await writer.delete('/admin/keys')).status).toBe(200);

    const auditor = await tokenWith('*:read');
    expect((await auditor.get('/admin')).status).toBe(200);
    expect((await auditor.post('/admin')).status).toBe(403);
  });

  it('close the routes of a token that is configured to be empty', async () => {
    const { token } = await aToken(['*']);
    const closed = await start({ EZ_ADMIN_TOKEN: '', EZ_INTERNAL_TOKEN: '' });
    const caller = new Http(closed.url);
    try {
      for (const credential of ['', 'x', token, ADMIN_TOKEN]) {
        expect((await caller.as(credential).get('/admin')).status).toBe(401);
        expect((await caller.as(credential).get('/internal')).status).toBe(401);
      }
      expect((await caller.as((await aMaster()).key).get('/master')).status).toBe(200);
    } finally {
      await closed.close();
    }
  });

  it('answer 429 to whoever guesses on and on, and let others pass', async () => {
    const guessed = await start();
    const guesser = new Http(guessed.url);
    try {
      const statuses = new Set<number>();
      for (let i = 0; i < 150; i++) statuses.add((await guesser.as(`ezm_guessed_0${i}`).get('/master')).status);
      expect([...statuses]).toEqual([401]);

      const { status, headers, body } = await guesser.as('ezm_guessed_0x').get('/master');
      expect([status, body.code]).toEqual([429, 'too_many_failures']);
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);

      expect((await guesser.as('ezm_other').get('/master')).status).toBe(401);
      expect((await guesser.get('/master')).status).toBe(401);
      expect((await guesser.as((await aMaster()).key).get('/master')).status).toBe(200);
    } finally {
      await guessed.close();
    }
  });

  /** Holds these tables until the end of `work`: whoever reads them waits. */
  const holding = async (tables: string, work: () => Promise<void>): Promise<void> => {
    const runner = app.app.get(DataSource).createQueryRunner();
    await runner.startTransaction();
    await runner.query(`SET LOCAL idle_in_transaction_session_timeout = 0; LOCK TABLE ${tables}`);
    try {
      await work();
    } finally {
      await runner.rollbackTransaction();
      await runner.release();
    }
  };

  it('refuse what nobody can have been given without asking the database', async () => {
    await holding('masters, admin_tokens', async () => {
      const wrong = ['x', 'ezm_short', 'eza_short', `${newMasterKey()}x`, newMasterKey().replace('ezm_', 'eza_')];
      for (const credential of [...wrong, newClientToken()]) {
        expect((await anyone.as(credential).get('/master')).status).toBe(401);
      }
    });
  });

  it('give guessers one connection at most, and wave through who was right before', async () => {
    const guessed = await start();
    const caller = new Http(guessed.url);
    const waiting = async (): Promise<number> => {
      const [row] = await app.app.get(DataSource).query<{ count: number }[]>(
        `SELECT count(*)::int AS count FROM pg_stat_activity
          WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%admin_tokens%'`,
      );
      return row!.count;
    };
    try {
      const [known, fresh] = [await aMaster(), await aMaster()];
      expect((await caller.as(known.key).get('/master')).status).toBe(200);
      for (let i = 0; i < 300; i++) await caller.as(`${i}-guessed`.padStart(20, '0')).get('/master');

      const answers: Promise<{ status: number }>[] = [];
      await holding('admin_tokens', async () => {
        for (let i = 0; i < 20; i++) answers.push(caller.as(newAdminToken()).get('/admin'));
        await until(async () => (await waiting()) > 0);
        expect((await caller.as(known.key).get('/master')).status).toBe(200);
        answers.push(caller.as(fresh.key).get('/master'));
        expect(await waiting()).toBeLessThanOrEqual(1);
      });
      const statuses = (await Promise.all(answers)).map(({ status }) => status);
      expect(statuses.indexOf(200)).toBe(20);
    } finally {
      await guessed.close();
    }
  });
});
