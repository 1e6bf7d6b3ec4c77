import { INTERNAL_TOKEN, type TestApp } from './app.js';
import type { Http, Json } from './http.js';
import { until } from './launcher.js';

let count = 0;

/** A record that is as it should be, and unlike any other. */
export const aRecord = (fields: object = {}): Json => ({
  request_id: `request-${++count}`,
  at: new Date().toISOString(),
  status_code: 200,
  ...fields,
});

export const records = (number: number, fields: object = {}): Json[] =>
  Array.from({ length: number }, () => aRecord(fields));

/** Calls as a balancer. */
export const balancer = ({ anyone }: TestApp): Http => anyone.as(INTERNAL_TOKEN);

export const storedCount = async ({ db }: TestApp): Promise<number> => {
  const [row] = await db.query<{ n: number }[]>('SELECT count(*)::int AS n FROM logs.records');
  return row!.n;
};

/** All that was taken in is committed. */
export const untilStored = (app: TestApp, expected: number): Promise<void> =>
  until(async () => (await storedCount(app)) === expected);
