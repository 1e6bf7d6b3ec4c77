import { type BeforeApplicationShutdown, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { redisKeys } from '../../contract/redis-keys.js';
import type { StreamConsumer, StreamEntry } from '../../redis/stream-consumer.js';
import { Streams } from '../../redis/streams.js';
import { JSON_TYPE, readIngestBody } from './ingest-body.js';
import { type BatchKey, LogBatch, sentKey } from './log-batch.js';
import { LogMetrics } from './log-metrics.js';
import { LogSchema } from './log-schema.service.js';
import { LogWriter } from './log-writer.js';
import { ParseBudget } from './parse-budget.js';
import { RecordIntake } from './record-intake.js';

const ENTRIES_AT_ONCE = 100;
/** About that many are committed, and acknowledged, together. */
const RECORDS_AT_ONCE = 5_000;
const MOST_BYTES = 1_048_576;
const GOODBYE_MS = 5_000;

/** No node of a balancer is called like this: entries without a batch id are recognised by their own. */
const STREAM_NODE = '~stream';

/** Takes in what balancers add to the stream `logs:ingest`. An entry is acknowledged when its records are committed. */
@Injectable()
export class LogStreamConsumer implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly consumer: StreamConsumer;
  private readonly budget = new ParseBudget();
  private readonly logger = new Logger(LogStreamConsumer.name);

  constructor(
    private readonly intake: RecordIntake,
    private readonly writer: LogWriter,
    private readonly schema: LogSchema,
    private readonly metrics: LogMetrics,
    streams: Streams,
  ) {
    this.consumer = streams.consumer({
      stream: redisKeys.logsIngest,
      group: 'ez-api',
      atOnce: ENTRIES_AT_ONCE,
      handle: (entries) => this.take(entries),
    });
    metrics.streamLength(() => this.consumer.waiting());
  }

  onApplicationBootstrap(): void {
    this.consumer.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.consumer.stop(GOODBYE_MS);
  }

  /**
   * Takes the first of them. When some can't be written now all of those come again; those that were are recognised then.
   * @returns how many entries that were
   */
  private async take(entries: StreamEntry[]): Promise<number> {
    this.schema.requireExpected();
    const { batches, count } = await this.portionOf(entries);
    const outcomes = await Promise.allSettled(batches.map((batch) => this.writer.commitInTurn(batch)));
    const failure = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failure) throw failure.reason as Error;
    for (const batch of batches) this.written(batch);
    return count;
  }

  private async portionOf(entries: StreamEntry[]): Promise<{ batches: LogBatch[]; count: number }> {
    const batches: LogBatch[] = [];
    let count = 0;
    for (let records = 0; count < entries.length && records < RECORDS_AT_ONCE; count++) {
      const { id, fields } = entries[count]!;
      await this.budget.spend(fields.data?.length ?? 0);
      const batch = this.batchOf({ id, fields });
      if (!batch) continue;
      batches.push(batch);
      records += batch.records.length;
    }
    return { batches, count };
  }

  /** Undefined if there is nothing in it to write: it would be no better when it is read again. */
  private batchOf({ id, fields }: StreamEntry): LogBatch | undefined {
    try {
      const text = fields.data ?? '';
      if (Buffer.byteLength(text) > MOST_BYTES) throw new Error(`it has more than ${MOST_BYTES} bytes`);
      const body = readIngestBody(text, JSON_TYPE);
      const key: BatchKey = sentKey(body) ?? { node: STREAM_NODE, id, digest: '' };
      const { records, rejected } = this.intake.judge(body.records, body.node);
      if (rejected.length > 0) this.refuse(rejected.length, id, rejected[0]!.errors[0]!.message);
      return records.length > 0 ? new LogBatch(records, key) : undefined;
    } catch (error) {
      this.refuse(1, id, (error as Error).message);
      return undefined;
    }
  }

  private written({ records, key, isReused }: LogBatch): void {
    if (!isReused) return this.metrics.accepted.inc({ source: 'stream' }, records.length);
    this.metrics.refused.inc({ reason: 'batch_id_reused' }, records.length);
    this.logger.error(`dropped ${records.length} records: other ones came before as batch ${key!.id} of ${key!.node}`);
  }

  private refuse(count: number, id: string, reason: string): void {
    this.metrics.refused.inc({ reason: 'invalid' }, count);
    this.logger.warn(`refused ${count} records of entry ${id} in ${redisKeys.logsIngest}: ${reason}`);
  }
}
