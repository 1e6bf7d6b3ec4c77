import { afterAll, afterEach, beforeAll, beforeEach } from '@jest/globals';
import { AlertWatch } from '../../src/modules/webhooks/alert-watch.js';
import { startApp, type TestApp } from '../support/app.js';
import type { Answer, Json } from '../support/http.js';
import { LOOPBACK, PATH, Receiver, SECRET } from './receiver.js';

/** An application, and whoever is told of its alerts. */
export class Alerted {
  app!: TestApp;
  receiver!: Receiver;

  get watch(): AlertWatch {
    return this.app.nest.get(AlertWatch);
  }

  /** For an event that doesn't occur by itself: the timers run as well. */
  put(fields: object = {}): Promise<Answer> {
    return this.app.admin.put(PATH, { url: this.receiver.url, secret: SECRET, events: ['error_rate'], ...fields });
  }

  async deliveries(query = ''): Promise<Json[]> {
    return (await this.app.admin.get(`${PATH}/deliveries${query}`)).body.data;
  }

  /** What was sent after a look, or is to be. */
  async alerts(): Promise<Json[]> {
    await this.watch.look();
    return (await this.deliveries()).map(({ payload }) => payload);
  }
}

/** For a whole spec; each of its tests begins without a setting and with a receiver of its own. */
export function alerted(env: Record<string, string> = {}): Alerted {
  const at = new Alerted();
  beforeAll(async () => {
    at.app = await startApp({ ...LOOPBACK, ...env });
  });
  beforeEach(async () => {
    at.receiver = await Receiver.start();
  });
  afterEach(async () => {
    await at.app.admin.delete(PATH);
    await at.app.db.query('TRUNCATE webhook_deliveries, webhook_alerts, logs.rollup_deltas, logs.rollup_minutes');
    await at.receiver.stop();
  });
  afterAll(() => at.app.close());
  return at;
}
