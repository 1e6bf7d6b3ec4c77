import { Controller, Delete, Get, Post } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { requestContext } from '../../src/common/request-context.js';
import { ConfigModule } from '../../src/config/config.module.js';
import { loadConfig } from '../../src/config/load-config.js';
import { hashToken, newAdminToken, newMasterKey } from '../../src/contract/token.js';
import { dataSourceOptions } from '../../src/data-source.js';
import { AdminRoute, InternalRoute, MasterRoute } from '../../src/http/access.js';
import { HttpAuthModule } from '../../src/http/auth/http-auth.module.js';
import { createTestDatabase } from '../support/database.js';
import { startTinyApp, type TinyApp } from './tiny-app.js';

export const ADMIN_TOKEN = 'guard-admin-token-0123456789abcdef';
export const INTERNAL_TOKEN = 'guard-internal-token-0123456789abc';

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

/** A database of its own, and tiny applications in front of it that have the real guards. */
export interface Guarded {
  start(env?: Record<string, string>): Promise<TinyApp>;
  /** One that is there from the start to the end. */
  app: TinyApp;
  database: DataSource;
  aMaster(status?: string): Promise<{ id: string; key: string }>;
  aToken(scopes: string[], expires?: string): Promise<{ id: string; token: string }>;
  close(): Promise<void>;
}

export async function openGuarded(): Promise<Guarded> {
  const own = await createTestDatabase();
  const start = (env: Record<string, string> = {}): Promise<TinyApp> => startGuarded({ EZ_PG_DSN: own.dsn, ...env });
  const app = await start();
  const database = app.app.get(DataSource);
  const insert = async (sql: string, values: unknown[]): Promise<string> =>
    (await database.query<{ id: string }[]>(`${sql} RETURNING id`, values))[0]!.id;
  return {
    start,
    app,
    database,
    async aMaster(status = 'active') {
      const key = newMasterKey();
      const sql = `INSERT INTO masters (name, status, master_key_hash, master_key_hint) VALUES ($1, $2, $3, '')`;
      return { key, id: await insert(sql, [key, status, hashToken(key)]) };
    },
    async aToken(scopes, expires = 'infinity') {
      const token = newAdminToken();
      const sql = `INSERT INTO admin_tokens (name, scopes, expires_at, token_hash, hint) VALUES ($1, $2, $3, $4, '')`;
      return { token, id: await insert(sql, [token, scopes, expires, hashToken(token)]) };
    },
    async close() {
      await app.close();
      await own.drop();
    },
  };
}

function startGuarded(env: Record<string, string>): Promise<TinyApp> {
  const config = loadConfig(
    {
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
}
