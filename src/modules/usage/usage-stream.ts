import { Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { DomainError } from '../../common/domain-error.js';
import { Metrics } from '../../common/metrics.js';
import { redisKeys } from '../../contract/redis-keys.js';
import { isDataError, translateDatabaseError } from '../../database/constraint-errors.js';
import { refuseUnsafe } from '../../http/safe-json.js';
import { RequestValidationPipe } from '../../http/validation.pipe.js';
import type { StreamConsumer, StreamEntry } from '../../redis/stream-consumer.js';
import { Streams } from '../../redis/streams.js';
import { toBatch, type Batch } from './batch.js';
import { FlushUsageDto } from './flush.dto.js';
import { UsageMetrics } from './usage-metrics.js';
import { UsageService } from './usage.service.js';

/** Each may have a thousand lines. */
const AT_ONCE = 20;
const MOST_BYTES = 1_048_576;
const PATIENCE_MS = 5_000;

/** Batches that balancers write to `usage:ingest`: field `batch`, the JSON that `POST /internal/stats/flush` takes. */
@Injectable()
export class UsageStream implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly pipe = new RequestValidationPipe();
  private readonly logger = new Logger(UsageStream.name);
  private readonly consumer: StreamConsumer;

  constructor(
    private readonly usage: UsageService,
    private readonly metrics: UsageMetrics,
    streams: Streams,
    exposition: Metrics,
  ) {
    this.consumer = streams.consumer({
      stream: redisKeys.usageIngest,
      group: 'ez-api',
      atOnce: AT_ONCE,
      handle: (entries) => this.settleAll(entries),
    });
    exposition.beforeScrape(async () => metrics.streamEntries.set(await this.consumer.waiting()));
  }

  onApplicationBootstrap(): void {
    this.consumer.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.consumer.stop(PATIENCE_MS);
  }

  /** One after another: what was settled before one fails is found as a duplicate when all come again. */
  private async settleAll(entries: StreamEntry[]): Promise<number> {
    for (const entry of entries) await this.settleOne(entry);
    return entries.length;
  }

  private async settleOne({ id, fields }: StreamEntry): Promise<void> {
    try {
      await this.usage.settle(this.parse(fields.batch), 'stream');
    } catch (error) {
      const known = translateDatabaseError(error);
      if (!isHopeless(known) && !isDataError(error)) throw error;
      this.metrics.batches.inc({ way: 'stream', outcome: 'refused' });
      this.logger.error(`entry ${id} is not counted: ${known ? describe(known) : (error as Error).message}`);
    }
  }

  private parse(text: string | undefined): Batch {
    if (text === undefined) throw new DomainError('invalid', 'the entry has no field batch');
    if (Buffer.byteLength(text) > MOST_BYTES) throw new DomainError('too_large', `more than ${MOST_BYTES} bytes`);
    const body = parseJson(text);
    refuseUnsafe(body);
    return toBatch(this.pipe.transform(body, { type: 'body', metatype: FlushUsageDto }) as FlushUsageDto);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new DomainError('invalid', 'batch is not valid JSON');
  }
}

/** What is wrong with the batch itself stays wrong; everything else passes. */
const HOPELESS = new Set(['invalid', 'too_large', 'conflict', 'unprocessable']);

const isHopeless = (error: DomainError | undefined): boolean => error !== undefined && HOPELESS.has(error.kind);

const describe = ({ message, errors }: DomainError): string =>
  [message, ...errors.slice(0, 3).map((error) => `${error.pointer}: ${error.message}`)].join('; ');
