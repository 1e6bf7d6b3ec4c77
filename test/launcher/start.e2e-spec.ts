import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';

import { REQUIRED_SECRETS } from '../../src/config/variables.js';
import { createTestDatabase } from '../support/database.js';
import { Http } from '../support/http.js';
import { freePort, Launcher, processesWith, temporaryFolder, until } from '../support/launcher.js';
import { claimRedisDb } from '../support/redis.js';

// Each test initialises a PostgreSQL of its own and starts the application, some of them twice.
jest.setTimeout(300_000);

describe('bin/start', () => {
  let folder: { path: string; remove: () => void };
  let port: number;
  let launchers: Launcher[];

  beforeEach(async () => {
    folder = temporaryFolder();
    port = await freePort();
    launchers = [];
  });

  afterEach(async () => {
    await Promise.all(launchers.map((launcher) => launcher.stop('SIGTERM')));
    await until(() => processesWith(folder.path).length === 0);
    folder.remove();
  });

  function launch(env: Record<string, string> = {}): Launcher {
    const launcher = new Launcher(port, folder.path, env);
    launchers.push(launcher);
    return launcher;
  }

  async function serve(env: Record<string, string> = {}): Promise<Launcher> {
    const launcher = launch(env);
    await launcher.untilServing();
    return launcher;
  }

  /** With the token that the first start has printed. */
  async function admin(launcher: Launcher): Promise<Http> {
    await until(() => /Admin token +\S+/.test(launcher.output));
    return new Http(launcher.url, /Admin token +(\S+)/.exec(launcher.output)?.[1]);
  }

  it('keeps the data over a restart', async () => {
    const first = await serve();
    expect(await (await admin(first)).post('/admin/namespaces', { name: 'survivor' })).toMatchObject({ status: 201 });
    await first.stop('SIGINT');

    const second = await serve();
    expect(await (await admin(second)).get('/admin/namespaces?search=survivor')).toMatchObject({
      body: { total: 1, data: [{ name: 'survivor' }] },
    });
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('leaves no process behind after %s', async (signal) => {
    const launcher = await serve();
    expect(processesWith(folder.path).length).toBeGreaterThan(3);
    expect(await launcher.stop(signal)).toEqual({ code: 0, signal: null });
    await until(() => processesWith(folder.path).length === 0);
  });

  it('leaves no process behind when it is killed, and can be started again at once', async () => {
    const killed = await serve();
    const before = processesWith(folder.path);
    await killed.stop('SIGKILL');
    await serve();
    await until(() => !processesWith(folder.path).some((process) => before.includes(process)));
    expect(before.length).toBeGreaterThan(3);
  });

  it('leaves no process behind when it is killed while it starts', async () => {
    const launcher = launch();
    await until(() => existsSync(join(folder.path, 'postgres')));
    await launcher.stop('SIGKILL');
    await until(() => processesWith(folder.path).length === 0);
    expect(processesWith(folder.path)).toEqual([]);
  });

  it('refuses a second start on the same data, and names the one that runs', async () => {
    const running = await serve();
    const second = launch();
    expect(await second.exited).toEqual({ code: 1, signal: null });
    expect(second.output).toContain(
      `already running on the data folder ${folder.path} (process ${running.pid}, port ${port})`,
    );
    expect(second.output).toContain(`kill ${running.pid}`);
    await running.untilServing();
  });

  it('starts Redis again when it dies, on the same port', async () => {
    const launcher = await serve();
    const redisPid = (): string => readFileSync(join(folder.path, 'redis', 'redis.pid'), 'utf8').trim();
    const killed = redisPid();
    process.kill(Number(killed), 'SIGKILL');
    await until(() => redisPid() !== killed);
    expect(launcher.output).toContain('Redis stopped unexpectedly');
    await launcher.untilServing();
  });

  it('uses the servers that it is told of, and starts none', async () => {
    const [database, redis] = await Promise.all([createTestDatabase(), claimRedisDb()]);
    const launcher = await serve({
      EZ_PG_DSN: database.dsn,
      EZ_REDIS_ADDR: redis.addr,
      EZ_REDIS_PASSWORD: redis.password,
      EZ_REDIS_DB: String(redis.db),
    });
    expect(existsSync(join(folder.path, 'postgres'))).toBe(false);
    expect(existsSync(join(folder.path, 'redis'))).toBe(false);
    await launcher.stop('SIGTERM');
    await redis.close();
    await database.drop();
  });

  it('says what to do about a data folder that it cannot use', async () => {
    const occupied = join(folder.path, 'file');
    writeFileSync(occupied, '');
    const secrets = Object.fromEntries(REQUIRED_SECRETS.map((name) => [name, 'x'.repeat(32)]));
    const launcher = new Launcher(port, join(occupied, 'data'), secrets);
    expect(await launcher.exited).toEqual({ code: 1, signal: null });
    expect(launcher.output).toContain('the data folder cannot be used: ENOTDIR');
    expect(launcher.output).toContain('to fix it: set EZ_DATA_DIR');
  });
});
