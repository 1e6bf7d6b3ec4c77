import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { aRecord, balancer, storedCount } from '../support/access-logs.js';
import { INTERNAL_TOKEN, startApp, type TestApp } from '../support/app.js';
import { until } from '../support/launcher.js';
import { metricsIn, valueOf } from '../support/prometheus.js';

/** 128 MiB, and nobody knows what a body in pieces becomes: it may inflate to 1 MiB, beside what arrived. */
const MOST_IN_PIECES = 64;

/** Somebody who has sent half a body of logs, in pieces. */
class HalfSender {
  /** All that it was told. */
  told = '';

  private constructor(
    private readonly socket: Socket,
    private readonly rest: string,
  ) {
    socket.setEncoding('utf8').on('data', (text: string) => (this.told += text));
    socket.on('error', () => undefined);
  }

  static async of(url: string): Promise<HalfSender> {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    await once(socket, 'connect');
    const body = JSON.stringify(aRecord());
    const sender = new HalfSender(socket, body.slice(10));
    const head = `POST /logs?durable=true HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${INTERNAL_TOKEN}\r\nexpect: 100-continue`;
    socket.write(`${head}\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n`);
    socket.write(chunk(body.slice(0, 10)));
    // It is handled when that is answered.
    await until(() => sender.told.includes('100 Continue'));
    return sender;
  }

  /** After `100 Continue`. */
  get status(): number | undefined {
    const [, status] = /^HTTP\/1\.1 (?!100)(\d+) /m.exec(this.told) ?? [];
    return status === undefined ? undefined : Number(status);
  }

  sendRest(): void {
    this.socket.write(`${chunk(this.rest)}${chunk('')}`);
  }

  leave(): void {
    this.socket.destroy();
  }
}

const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;

const halfSenders = (url: string, count: number): Promise<HalfSender[]> =>
  Promise.all(Array.from({ length: count }, () => HalfSender.of(url)));

const withStatus = (senders: HalfSender[], status: number | undefined): HalfSender[] =>
  senders.filter((sender) => sender.status === status);

describe('many bodies of logs of which half is sent', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.close());

  const refusedAsBusy = async (): Promise<number> => {
    const { body } = await balancer(app).get('/internal/metrics');
    return valueOf(metricsIn(body).samples, 'ez_log_refused_bodies_total', { reason: 'log_ingest_busy' })!;
  };

  it('are refused with 429 beyond 128 MiB, and counted', async () => {
    const before = await refusedAsBusy();
    const senders = await halfSenders(app.url, 2 * MOST_IN_PIECES);
    await until(() => withStatus(senders, undefined).length <= MOST_IN_PIECES);
    const refused = withStatus(senders, 429);
    expect(refused.length).toBeGreaterThan(0);
    await until(() => refused.every(({ told }) => told.includes('"code":"log_ingest_busy"')));
    expect(refused.filter(({ told }) => !/^retry-after: 1\r$/im.test(told))).toEqual([]);
    await until(async () => (await refusedAsBusy()) === before + withStatus(senders, 429).length);
    for (const sender of senders) sender.leave();
  });

  /** As many as there is room for; others may need a moment to be gone. */
  const areAllTaken = async (): Promise<boolean> => {
    const senders = await halfSenders(app.url, MOST_IN_PIECES);
    for (const sender of senders) sender.sendRest();
    await until(() => withStatus(senders, undefined).length === 0);
    for (const sender of senders) sender.leave();
    return withStatus(senders, 200).length === MOST_IN_PIECES;
  };

  /** Until they hang up in the middle of it. */
  const areAllKept = async (): Promise<boolean> => {
    const senders = await halfSenders(app.url, MOST_IN_PIECES);
    await app.anyone.get('/health/live');
    const kept = withStatus(senders, undefined);
    for (const sender of senders) sender.leave();
    return kept.length === MOST_IN_PIECES;
  };

  it('are all taken when they are completed, and as many again when others have gone away', async () => {
    await until(areAllTaken);
    await until(areAllKept);
    await until(areAllTaken);
    expect(await storedCount(app)).toBeGreaterThanOrEqual(2 * MOST_IN_PIECES);
  });
});
