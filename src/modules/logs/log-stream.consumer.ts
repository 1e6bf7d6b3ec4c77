import { type BeforeApplicationShutdown, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { Config } from '../../config/config.js';
import { connectOwn } from '../../redis/redis.module.js';
import { JSON_TYPE, readIngestBody } from './ingest-body.js';
import { LogBatch } from './log-batch.js';
import { LogMetrics } from './log-metrics.js';
import { LogSchema } from './log-schema.service.js';
import { LogStream, type StreamEntry } from './log-stream.js';
import { LogWriter } from './log-writer.js';
import { RecordIntake } from './record-intake.js';

const PAUSE_MS = 500;
const CLAIM_EVERY_MS = 10_000;

/** No node of a balancer is called like this: entries without a batch id are recognised by their own. */
const STREAM_NODE = '~stream';

/** Takes in what balancers add to the stream `logs:ingest`. An entry is acknowledged when its records are committed. */
@Injectable()
export class LogStreamConsumer implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private redis: Redis | undefined;
  private running: Promise<void> | undefined;
  private isStopping = false;
  /** Entries that could not be written stay given to this consumer, which asks for them again. */
  private hasOwn = false;
  private claimedAt = 0;
  private readonly logger = new Logger(LogStreamConsumer.name);

  constructor(
    private readonly config: Config,
    private readonly intake: RecordIntake,
    private readonly writer: LogWriter,
    private readonly schema: LogSchema,
    private readonly metrics: LogMetrics,
  ) {}

  onApplicationBootstrap(): void {
    const consumer = `${hostname()}-${process.pid}-${randomBytes(4).toString('hex')}`;
    this.redis = connectOwn(this.config, 'ez-api-logs');
    const stream = new LogStream(this.redis, consumer);
    this.metrics.streamLength(() => stream.length());
    this.running = this.consume(stream);
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.isStopping = true;
    await this.running;
    this.redis?.disconnect();
  }

  private async consume(stream: LogStream): Promise<void> {
    while (!this.isStopping) {
      try {
        this.schema.requireExpected();
        if (await stream.join()) await this.follow(stream);
      } catch (error) {
        this.hasOwn = true;
        this.logger.debug(`logs:ingest: ${(error as Error).message}`);
      }
      if (!this.isStopping) await sleep(PAUSE_MS);
    }
    await stream.leave().catch(() => undefined);
  }

  private async follow(stream: LogStream): Promise<void> {
    while (!this.isStopping) {
      if (Date.now() - this.claimedAt > CLAIM_EVERY_MS) {
        await this.take(stream, await stream.claim());
        await stream.forgetOthers();
        this.claimedAt = Date.now();
      }
      const entries = this.hasOwn ? await stream.readOwn() : await stream.readNew();
      if (entries.length === 0) this.hasOwn = false;
      await this.take(stream, entries);
    }
  }

  private async take(stream: LogStream, entries: StreamEntry[]): Promise<void> {
    const outcomes = await Promise.allSettled(
      entries.map(async ([id, fields]) => {
        const batch = fields && this.batchOf(id, fields);
        if (batch) await this.writer.commit(batch);
        if (batch) this.metrics.accepted.inc({ source: 'stream' }, batch.records.length);
        return id;
      }),
    );
    await stream.acknowledge(outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : [])));
    const failure = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failure) throw failure.reason as Error;
  }

  /** Undefined if there is nothing in it to write: it would be no better when it is read again. */
  private batchOf(id: string, fields: string[]): LogBatch | undefined {
    try {
      const body = readIngestBody(dataOf(fields), JSON_TYPE);
      const { records, rejected } = this.intake.judge(body.records, body.node);
      if (rejected.length > 0) this.refuse(rejected.length, id, rejected[0]!.errors[0]!.message);
      const key =
        body.batch_id === undefined ? { node: STREAM_NODE, id } : { node: body.node ?? '', id: body.batch_id };
      return records.length > 0 ? new LogBatch(records, key) : undefined;
    } catch (error) {
      this.refuse(1, id, (error as Error).message);
      return undefined;
    }
  }

  private refuse(count: number, id: string, reason: string): void {
    this.metrics.refused.inc({ reason: 'invalid' }, count);
    this.logger.warn(`refused ${count} records of entry ${id} in logs:ingest: ${reason}`);
  }
}

/** Entries are pairs of names and values; ours is `data`. */
function dataOf(fields: string[]): string {
  const at = fields.findIndex((name, i) => i % 2 === 0 && name === 'data');
  if (at < 0) throw new Error('there is no field data');
  return fields[at + 1]!;
}
