import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { parsePgDsn } from '../../src/config/pg-dsn.js';
import { parseRedisAddr } from '../../src/config/redis-addr.js';
import { ADMIN_TOKEN, INTERNAL_TOKEN, startApp, type TestApp } from '../support/app.js';
import { requiredEnvironment } from '../support/environment.js';
import { unused } from '../support/gateway.js';
import { until } from '../support/launcher.js';
import { familyOf, metricsIn, sum, type Sample, valueOf } from '../support/prometheus.js';
import { TcpProxy } from '../support/tcp-proxy.js';

const isOurs = (name: string): boolean => name.startsWith('ez_');

/** Metrics that a file of docs/operations asks Prometheus for. */
const namedIn = (file: string): string[] =>
  JSON.stringify(parse(readFileSync(`docs/operations/${file}`, 'utf8'))).match(/\b(?:ez|process|nodejs)_\w+/g)!;

describe('GET /internal/metrics', () => {
  let app: TestApp;
  let toRedis: TcpProxy;
  let toPostgres: TcpProxy;

  beforeAll(async () => {
    toRedis = await TcpProxy.to(parseRedisAddr(requiredEnvironment('EZ_REDIS_ADDR')).nodes[0]!);
    const { host, port } = parsePgDsn(requiredEnvironment('EZ_PG_DSN'));
    toPostgres = await TcpProxy.to({ host, port });
    app = await startApp({ EZ_REDIS_ADDR: `127.0.0.1:${toRedis.port}` }, (dsn) => {
      const url = new URL(dsn);
      url.host = `127.0.0.1:${toPostgres.port}`;
      return url.href;
    });
    await app.sync();
  });
  afterEach(async () => {
    await Promise.all([toRedis.pass(), toPostgres.pass()]);
  });
  afterAll(async () => {
    await app.close();
    await Promise.all([toRedis.close(), toPostgres.close()]);
  });

  const scrape = async (): Promise<Sample[]> => {
    const answer = await app.anyone.as(INTERNAL_TOKEN).get('/internal/metrics');
    expect(answer.status).toBe(200);
    return metricsIn(answer.body as string).samples;
  };

  /** Answers are counted when their connection is done with them, which the client may see a moment earlier. */
  const untilScraped = (isSeen: (samples: Sample[]) => boolean): Promise<void> =>
    until(async () => isSeen(await scrape()));

  const write = async (): Promise<void> => {
    const { status } = await app.admin.post('/admin/namespaces', { name: unused('ns') });
    expect(status).toBe(201);
  };

  it('is for the holder of the internal token only', async () => {
    const answers = await Promise.all(
      [app.anyone, app.anyone.as('wrong'), app.admin].map((who) => who.get('/internal/metrics')),
    );
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 403]);
  });

  it('speaks the text format of Prometheus: every sample under a name with type and help, no series twice', async () => {
    const { headers, body } = await app.anyone.as(INTERNAL_TOKEN).get('/internal/metrics');
    expect(headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const { types, samples } = metricsIn(body as string);
    const series = samples.map(({ name, labels }) => name + JSON.stringify(labels));
    expect(new Set(series).size).toBe(series.length);
    expect([...types.keys()]).toEqual(
      expect.arrayContaining(['process_cpu_seconds_total', 'nodejs_eventloop_lag_seconds']),
    );
    expect([...types.keys()].filter((name) => isOurs(name)).length).toBeGreaterThan(20);
  });

  it('is not in the log', async () => {
    const before = app.logs.length;
    await scrape();
    await write();
    await until(() => app.logs.slice(before).some((line) => line.includes('/admin/namespaces')));
    expect(app.logs.slice(before).filter((line) => line.includes('internal/metrics'))).toEqual([]);
  });

  it('follows a write from its commit to Redis', async () => {
    const before = await scrape();
    await write();
    await app.sync();
    const moved =
      (name: string, labels = {}) =>
      (now: Sample[]) =>
        sum(now, name, labels) - sum(before, name, labels);
    const counts = [
      moved('ez_sync_head_version'),
      moved('ez_sync_marker_version'),
      moved('ez_outbox_writes_total'),
      moved('ez_outbox_head_wait_seconds_count'),
      moved('ez_sync_apply_duration_seconds_count'),
      moved('ez_sync_applied_resources_total', { kind: 'namespace' }),
      moved('ez_sync_propagation_seconds_count'),
      moved('ez_http_requests_total', { method: 'POST', route: '/admin/namespaces', status: '201' }),
      moved('ez_http_request_duration_seconds_count', { route: '/admin/namespaces' }),
    ];
    await untilScraped((now) => counts.every((count) => count(now) >= 1));
    const now = await scrape();
    expect(valueOf(now, 'ez_sync_lag_versions')).toBe(0);
    expect(valueOf(now, 'ez_sync_leader')).toBe(1);
    expect(sum(now, 'ez_sync_pending_resources')).toBe(0);
  });

  it('counts full snapshots by reason and outcome', async () => {
    const before = await scrape();
    const { body } = await app.admin.post('/sync/snapshot?wait=applied&timeout_ms=30000');
    expect(body.state).toBe('applied');
    const labels = { reason: 'requested', outcome: 'ok' };
    await untilScraped(
      (now) => sum(now, 'ez_sync_snapshots_total', labels) > sum(before, 'ez_sync_snapshots_total', labels),
    );
    expect(sum(await scrape(), 'ez_sync_snapshot_duration_seconds_count')).toBeGreaterThan(0);
  });

  it('counts wrong credentials, and shows none', async () => {
    const before = await scrape();
    await app.anyone.as('wrong-credential-of-somebody').get('/admin/namespaces');
    const now = await app.anyone.as(INTERNAL_TOKEN).get('/internal/metrics');
    const { samples } = metricsIn(now.body as string);
    expect(valueOf(samples, 'ez_sign_in_failures_total')! - valueOf(before, 'ez_sign_in_failures_total')!).toBe(1);
    for (const secret of ['wrong-credential', ADMIN_TOKEN, INTERNAL_TOKEN]) expect(now.body).not.toContain(secret);
  });

  it('counts resources that cannot be rendered, and secrets that cannot be read', async () => {
    await app.db.query(
      `INSERT INTO sync_resource (kind, ref, version, deleted, attempts, quarantined_at) VALUES ('feature', 'broken', 0, true, 1, now())`,
    );
    const samples = await scrape();
    expect(valueOf(samples, 'ez_sync_quarantined_resources')).toBe(1);
    expect(valueOf(samples, 'ez_undecryptable_secrets')).toBe(0);
    await app.db.query(`DELETE FROM sync_resource WHERE ref = 'broken'`);
  });

  it('shows both pools of PostgreSQL', async () => {
    const samples = await scrape();
    for (const pool of ['requests', 'sync']) {
      expect(valueOf(samples, 'ez_pg_pool_size', { pool })).toBeGreaterThan(0);
      expect(valueOf(samples, 'ez_pg_pool_waiting', { pool })).toBe(0);
    }
  });

  it('gets no new series from paths that are no routes, from ids, nor from what a client sends along', async () => {
    const routesOf = (samples: Sample[]): Set<string> =>
      new Set(samples.filter(({ name }) => name === 'ez_http_requests_total').map(({ labels }) => labels.route!));
    await app.admin.get('/admin/namespaces/1');
    await app.admin.get('/nowhere');
    await untilScraped((now) => routesOf(now).has('/admin/namespaces/:id') && routesOf(now).has('unmatched'));
    const before = await scrape();
    const tries = Array.from({ length: 60 }, (_, i) => i);
    for (const i of tries) {
      await app.admin.get(`/admin/namespaces/${1000 + i}?name=tenant-${i}`);
      await app.anyone.get(`/random-${i}/path-${i}`);
      await app.admin.send('GET', `/admin/random-${i}%2f..`);
    }
    await untilScraped((now) => requestsTo(now, 'unmatched') >= requestsTo(before, 'unmatched') + 120);
    const now = await scrape();
    expect([...routesOf(now)].toSorted()).toEqual([...routesOf(before)].toSorted());
    // Others count what they do meanwhile.
    const ofRequests = (samples: Sample[]): number => samples.filter(({ name }) => name.startsWith('ez_http_')).length;
    expect(ofRequests(now) - ofRequests(before)).toBeLessThanOrEqual(4);
  });

  const requestsTo = (samples: Sample[], route: string): number => sum(samples, 'ez_http_requests_total', { route });

  it.each([
    ['refuses connections', () => toRedis.refuse()],
    ['is a black hole', () => Promise.resolve(toRedis.blackHole())],
  ])('answers while Redis %s, and shows the lag grow', async (_how, interrupt: () => Promise<void>) => {
    await interrupt();
    await write();
    expect(valueOf(await scrape(), 'ez_pg_up')).toBe(1);
    await untilScraped(
      (now) =>
        valueOf(now, 'ez_redis_up') === 0 &&
        valueOf(now, 'ez_sync_lag_versions') === 1 &&
        valueOf(now, 'ez_sync_pending_resources', { kind: 'namespace' }) === 1 &&
        valueOf(now, 'ez_sync_lag_seconds')! > 0.2 &&
        valueOf(now, 'ez_sync_failures_total')! > 0,
    );
    await toRedis.pass();
    await app.sync();
    await untilScraped((now) => valueOf(now, 'ez_redis_up') === 1 && valueOf(now, 'ez_sync_lag_seconds') === 0);
  });

  it('answers while PostgreSQL is away, with what was known', async () => {
    const before = await scrape();
    await toPostgres.refuse();
    const now = await scrape();
    expect(valueOf(now, 'ez_sync_head_version')).toBe(valueOf(before, 'ez_sync_head_version'));
    await untilScraped((samples) => valueOf(samples, 'ez_pg_up') === 0);
    await toPostgres.pass();
    await untilScraped((samples) => valueOf(samples, 'ez_pg_up') === 1 && valueOf(samples, 'ez_sync_leader') === 1);
  });

  describe('and docs/operations', () => {
    let types: Map<string, string>;

    beforeAll(async () => {
      types = metricsIn((await app.anyone.as(INTERNAL_TOKEN).get('/internal/metrics')).body as string).types;
    });

    it.each(['grafana-dashboard.json', 'alerts.yaml'])('know the same metrics in %s', (file) => {
      expect(namedIn(file).filter((name) => !familyOf(name, types))).toEqual([]);
    });

    it('have a panel for each of ours', () => {
      const shown = new Set(namedIn('grafana-dashboard.json').map((name) => familyOf(name, types)));
      expect([...types.keys()].filter((name) => isOurs(name) && !shown.has(name))).toEqual([]);
    });
  });
});
