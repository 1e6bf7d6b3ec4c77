import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { LogDatabase } from '../../src/log-database/log-database.js';
import { type LogFilters, walkStep } from '../../src/modules/logs/log-walk.js';
import { aRecord, balancer } from '../support/access-logs.js';
import { startApp, type TestApp } from '../support/app.js';

const HOUR = 3_600_000;

interface Plan {
  'Node Type': string;
  'Index Name'?: string;
  'Relation Name'?: string;
  Plans?: Plan[];
}

const nodes = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodes)];

describe('every search of the logs', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
    for (let day = 0; day < 4; day++) {
      const batch = Array.from({ length: 500 }, (_, n) =>
        aRecord({
          at: new Date(Date.now() - day * 24 * HOUR - n * 1000).toISOString(),
          ...{ master_id: 1 + (n % 3), key_id: 1 + (n % 9), provider_id: 1 + (n % 5), model: `m${n % 4}` },
          status_code: n % 10 === 0 ? 500 : 200,
        }),
      );
      await balancer(app).post('/logs?durable=true', batch);
    }
  });
  afterAll(() => app.close());

  const planOf = async (filters: LogFilters): Promise<Plan[]> => {
    const step = { after: { at: Date.now() + HOUR, id: '0' }, budget: 2000, wanted: 51 };
    const { text, values } = walkStep(filters, step);
    const { rows } = await app.nest
      .get(LogDatabase)
      .searches.query<{ 'QUERY PLAN': [{ Plan: Plan }] }>(`EXPLAIN (FORMAT JSON) ${text}`, values);
    return nodes(rows[0]!['QUERY PLAN'][0].Plan);
  };

  const SOME: LogFilters[] = [
    {},
    { request_id: 'r' },
    { key_id: 1 },
    { master_id: 1 },
    { provider_id: 1 },
    { model: 'm1' },
    { error: 'x' },
  ];
  const OTHER: LogFilters[] = [
    {},
    { group_id: 1 },
    { namespace: 'n' },
    { status: 200 },
    { status: 404 },
    { status_class: '5xx' },
    { from: '2026-01-01T00:00:00Z' },
  ];
  const COMBINATIONS = SOME.flatMap((some) =>
    OTHER.flatMap((other) => SOME.map((third) => ({ ...some, ...other, ...third }))),
  );

  it('walks an index of each partition, in its order, and sorts nothing', async () => {
    for (const filters of COMBINATIONS) {
      const plan = await planOf(filters);
      const reading = plan.filter((node) => node['Relation Name'] !== undefined);
      const wrong = plan.filter((node) => /Sort|Seq Scan|Bitmap/.test(node['Node Type']));
      expect([filters, wrong.map((node) => node['Node Type'])]).toEqual([filters, []]);
      expect([filters, reading.length > 0, new Set(reading.map((node) => node['Node Type']))]).toEqual([
        filters,
        true,
        new Set(['Index Scan']),
      ]);
    }
  });

  it.each<[LogFilters, RegExp]>([
    [{}, /_at_id_idx$/],
    [{ request_id: 'r', master_id: 1 }, /_request_id_at_id_idx$/],
    [{ key_id: 1, model: 'm1' }, /_key_id_at_id_idx$/],
    [{ master_id: 1, model: 'm1' }, /_master_id_at_id_idx$/],
    [{ provider_id: 1, model: 'm1' }, /_provider_id_at_id_idx$/],
    [{ model: 'm1', namespace: 'n' }, /_model_at_id_idx$/],
  ])('for %j takes the index that leads closest', async (filters, name) => {
    const indexes = (await planOf(filters)).flatMap((node) => node['Index Name'] ?? []);
    expect(indexes.length).toBeGreaterThan(0);
    expect(indexes.filter((index) => !name.test(index))).toEqual([]);
  });
});
