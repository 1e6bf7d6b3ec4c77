import { afterEach, describe, expect, it } from '@jest/globals';
import { LogDatabase } from '../../src/log-database/log-database.js';
import { EXPIRED, readPartitions } from '../../src/log-database/partitions.js';
import { LogMaintenance } from '../../src/modules/logs/log-maintenance.js';
import { balancer, records, storedCount } from '../support/access-logs.js';
import { startApp, type TestApp } from '../support/app.js';
import { until } from '../support/launcher.js';

const maintain = ({ nest }: TestApp): Promise<void> => nest.get(LogMaintenance).run();

/** PostgreSQL's sessions tell how many rows they wrote a little later. */
const untilCounted = ({ nest }: TestApp, expected: number): Promise<void> =>
  until(async () => (await readPartitions(nest.get(LogDatabase).writes))[0]?.records === expected);

describe('the log tables', () => {
  let app: TestApp;

  afterEach(() => app.close());

  it('keep EZ_LOG_MAX_RECORDS where there is one partition, and are not cut again', async () => {
    app = await startApp({ EZ_LOG_MAX_RECORDS: '250', EZ_LOG_PARTITIONING: 'off' });
    await balancer(app).post('/logs?durable=true', records(400));
    await untilCounted(app, 400);
    await maintain(app);
    await untilCounted(app, 250);
    await maintain(app);
    expect(await storedCount(app)).toBe(250);
  }, 120_000);

  it('keep a day that an operator has detached, and not what retention has left behind', async () => {
    app = await startApp();
    await maintain(app);
    const [left, kept] = ['logs.records_20200101_20200102', 'logs.records_20200102_20200103'];
    for (const name of [left, kept]) await app.db.query(`CREATE TABLE ${name} (LIKE logs.records)`);
    await app.db.query(`COMMENT ON TABLE ${left} IS '${EXPIRED}'`);
    await maintain(app);
    const found = await app.db.query('SELECT to_regclass($1)::text AS left, to_regclass($2)::text AS kept', [
      left,
      kept,
    ]);
    expect(found).toEqual([{ left: null, kept }]);
  });
});
