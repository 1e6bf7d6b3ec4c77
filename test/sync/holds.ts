import { isDeepStrictEqual } from 'node:util';
import { INTERNAL_TOKEN, type TestApp } from '../support/app.js';
import type { Json } from '../support/http.js';
import { actualImage, desiredImage } from '../support/image.js';
import { until } from '../support/launcher.js';
import { metricsIn, sum } from '../support/prometheus.js';

export const statusOf = async (app: TestApp): Promise<Json> => (await app.admin.get('/admin/sync/status')).body;

/** Until something waits for this cause. */
export async function untilHeld(app: TestApp, cause: string): Promise<Json> {
  let hold: Json;
  await until(
    async () => (hold = (await statusOf(app)).holds.find((each: Json) => each.cause === cause)) !== undefined,
  );
  return hold;
}

/** Until Redis is what this application's database says. */
export const untilEqual = (app: TestApp): Promise<void> =>
  until(async () => isDeepStrictEqual(await actualImage(app.redis), await desiredImage(app.dsn)));

/** The metric of what waits. */
export const held = async (app: TestApp, cause: string): Promise<number> =>
  sum(metricsIn((await app.anyone.as(INTERNAL_TOKEN).get('/internal/metrics')).body).samples, 'ez_sync_held', {
    cause,
  });
