import { RequestMethod } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { MetadataScanner, ModulesContainer } from '@nestjs/core';
import type { OpenAPIObject } from '@nestjs/swagger';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ACCESS, SCOPE, type Access } from '../../src/http/auth/access-metadata.js';
import { ADMIN_RESOURCES, modeOf } from '../../src/common/scopes.js';
import { ADMIN_TOKEN, INTERNAL_TOKEN, startApp, type TestApp } from '../support/app.js';
import type { Http } from '../support/http.js';

/** Everything that answers without a credential. A line more here is a decision. */
const PUBLIC = [
  'GET /api/status/test',
  'GET /health',
  'GET /health/live',
  'GET /health/ready',
  'POST /auth/admin/token',
  'POST /auth/master/token',
];

interface Route {
  /** `GET /admin/keys/{id}`, as in the OpenAPI document. */
  name: string;
  method: string;
  /** With 1 for every parameter. */
  path: string;
  access: Access[];
  resource: string | undefined;
}

describe('every route', () => {
  let app: TestApp;
  let routes: Route[];
  let credentials: Record<Exclude<Access, 'public'>, string>;

  beforeAll(async () => {
    app = await startApp();
    routes = routesOf(app);
    const master = await app.admin.post('/admin/masters', { name: 'walks-the-routes' });
    credentials = { admin: ADMIN_TOKEN, internal: INTERNAL_TOKEN, master: master.body.master_key };
  });
  afterAll(() => app.close());

  const of = (...accesses: Access[]): Route[] => routes.filter(({ access }) => accesses.includes(access[0]!));

  interface RouteAnswer {
    name: string;
    status: number;
    text: string;
  }

  /** What `who` gets from each of these routes; under one request id, so that bodies can be compared. */
  const answers = (who: Http, called: Route[]): Promise<RouteAnswer[]> =>
    Promise.all(
      called.map(async ({ name, method, path }) => {
        const { status, body } = await who.send(method, path, undefined, { 'x-request-id': 'walk' });
        return { name, status, text: JSON.stringify(body) };
      }),
    );

  /** Those that do not say the same as the first, with this status. */
  const others = (all: RouteAnswer[], expected: number): RouteAnswer[] =>
    all.filter(({ status, text }) => status !== expected || text !== all[0]!.text);

  it('is public, or for one of admin, master and internal', () => {
    expect(routes.length).toBeGreaterThan(PUBLIC.length);
    expect(routes.filter(({ access }) => access.length !== 1)).toEqual([]);
  });

  it('is public only if it is in the list of those', () => {
    const open = of('public').map(({ name }) => name);
    expect(open.toSorted()).toEqual(PUBLIC);
  });

  it('for admins names a resource that scopes can speak of', () => {
    const known: readonly (string | undefined)[] = ADMIN_RESOURCES;
    expect(of('admin').filter(({ resource }) => !known.includes(resource))).toEqual([]);
  });

  it('is known to Nest: none was added to the server behind its back', () => {
    const served = expressRoutes(app).filter((name) => !/^\w+ \/swagger/.test(name));
    expect(served.toSorted()).toEqual(routes.map(({ name }) => name).toSorted());
  });

  it('is in the OpenAPI document, with the credential that it takes', async () => {
    const { paths } = (await app.anyone.get('/swagger/json')).body as OpenAPIObject;
    const documented = Object.entries(paths).flatMap(([path, item]) =>
      Object.entries(item as Record<string, { security?: object[] }>).map(([method, { security = [] }]) => {
        return [`${method.toUpperCase()} ${path}`, security.flatMap(Object.keys).join() || 'public'];
      }),
    );
    const expected = routes.map(({ name, access }) => [name, access[0]]);
    expect(Object.fromEntries(documented)).toEqual(Object.fromEntries(expected));
  });

  it('that is not public answers 401 without a credential, always in the same words', async () => {
    const closed = of('admin', 'master', 'internal');
    expect(others(await answers(app.anyone, closed), 401)).toEqual([]);
  });

  it.each([
    ['admin', 'master'],
    ['admin', 'internal'],
    ['master', 'admin'],
    ['master', 'internal'],
    ['internal', 'admin'],
    ['internal', 'master'],
  ] as const)('for the %s role answers 403 to the %s, always in the same words', async (access, role) => {
    expect(others(await answers(app.anyone.as(credentials[role]), of(access)), 403)).toEqual([]);
  });

  it.each(['admin', 'master', 'internal'] as const)('that reads lets the %s role in', async (role) => {
    const reading = of(role).filter(({ method }) => method === 'GET');
    const all = await answers(app.anyone.as(credentials[role]), reading);
    expect(all.filter(({ status }) => status === 401 || status === 403 || status >= 500)).toEqual([]);
  });

  it('for admins answers 403 to a token that has every scope but the one that it takes', async () => {
    const everything = ADMIN_RESOURCES.flatMap((resource) => [`${resource}:read`, `${resource}:write`]);
    for (const missing of everything) {
      const scopes = everything.filter((scope) => scope !== missing);
      const { body } = await app.admin.post('/admin/tokens', { name: `all-but-${missing}`, scopes });
      const called = of('admin').filter(({ resource, method }) => missing === `${resource}:${modeOf(method)}`);
      expect(others(await answers(app.anyone.as(body.token), called), 403)).toEqual([]);
    }
  });
});

function routesOf({ nest }: TestApp): Route[] {
  const controllers = [...nest.get(ModulesContainer).values()].flatMap(({ controllers: all }) => [...all.values()]);
  return controllers.flatMap(({ metatype }) => {
    const controller = metatype as { prototype: Record<string, object> };
    return new MetadataScanner()
      .getAllMethodNames(controller.prototype)
      .filter((name) => Reflect.hasMetadata(METHOD_METADATA, controller.prototype[name]!))
      .flatMap((name) => routesOfHandler(controller, controller.prototype[name]!));
  });
}

/** More than one where a controller or a handler has a list of paths. */
function routesOfHandler(controller: object, handler: object): Route[] {
  const read = (key: unknown, from: object): unknown => Reflect.getMetadata(key, from) as unknown;
  const both = (key: unknown): unknown[] => [controller, handler].map((from) => read(key, from)).filter(Boolean);
  const paths = (from: object): string[] => [read(PATH_METADATA, from) as string | string[]].flat();
  const method = RequestMethod[read(METHOD_METADATA, handler) as RequestMethod];
  const access = both(ACCESS) as Access[];
  const resource = both(SCOPE).at(-1) as string | undefined;
  return paths(controller)
    .flatMap((parent) => paths(handler).map((child) => `/${parent}/${child}`))
    .map((path) => path.replaceAll(/\/+/g, '/').replace(/(.)\/$/, '$1'))
    .map((path) => ({
      name: documentName(method, path),
      method,
      path: path.replaceAll(/:\w+/g, '1'),
      access,
      resource,
    }));
}

const documentName = (method: string, path: string): string => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`;

/** What the server itself would answer, however it got there. */
function expressRoutes({ nest }: TestApp): string[] {
  const { router } = nest.getHttpAdapter().getInstance() as { router: { stack: Layer[] } };
  return router.stack.flatMap(({ route }) =>
    Object.keys(route?.methods ?? {}).map((method) => documentName(method.toUpperCase(), route!.path)),
  );
}

interface Layer {
  route?: { path: string; methods: Record<string, boolean> };
}
