import { Injectable } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import {
  DomainError,
  type ErrorKind,
  type FieldError,
  invalidField,
  invalidFields,
} from '../../common/domain-error.js';
import { Config } from '../../config/config.js';
import { hasBody, readBody, requireType, textOf } from '../../http/json-body.js';
import type { IngestQueryDto, IngestView, RejectedRecordView } from './ingest.dto.js';
import { type IngestBody, JSON_TYPE, NDJSON_TYPE, readIngestBody } from './ingest-body.js';
import { type BatchKey, LogBatch, sentKey } from './log-batch.js';
import { LogMetrics } from './log-metrics.js';
import { LogSchema } from './log-schema.service.js';
import { LogWriter } from './log-writer.js';
import { ParseBudget } from './parse-budget.js';
import { type Judged, RecordIntake } from './record-intake.js';

/** Whoever sends half a body keeps its place no longer than that. */
const BODY_PATIENCE_MS = 10_000;

/** Takes in what balancers post. */
@Injectable()
export class IngestService {
  private readonly budget = new ParseBudget();

  constructor(
    private readonly config: Config,
    private readonly intake: RecordIntake,
    private readonly writer: LogWriter,
    private readonly schema: LogSchema,
    private readonly metrics: LogMetrics,
  ) {}

  async ingest(request: IncomingMessage, query: IngestQueryDto): Promise<IngestView> {
    const body = await this.read(request);
    const { node = body.node, batch_id = body.batch_id, durable = false } = query;
    return this.take({ node, batch_id, records: body.records }, durable);
  }

  /** How many records were in what is refused here, nobody knows. */
  private async read(request: IncomingMessage): Promise<IngestBody> {
    try {
      return await this.readWithin(request, this.config.server.body_limit_bytes);
    } catch (error) {
      this.metrics.refusedBodies.inc({ reason: error instanceof DomainError ? error.code : 'fault' });
      throw error;
    }
  }

  private async readWithin(request: IncomingMessage, limitBytes: number): Promise<IngestBody> {
    if (!hasBody(request)) throw invalidField('', 'there must be at least one record');
    const type = requireType(request, [JSON_TYPE, NDJSON_TYPE]);
    const leave = this.budget.admit(mostBytes(request, limitBytes));
    try {
      const bytes = await readBody(request, limitBytes, BODY_PATIENCE_MS);
      const turn = this.budget.spend(bytes.length);
      if (turn) await turn;
      return readIngestBody(textOf(bytes), type);
    } finally {
      leave();
    }
  }

  private async take(body: IngestBody, durable: boolean): Promise<IngestView> {
    const key = this.begin(body, durable);
    const judged = this.intake.judge(body.records, body.node);
    if (judged.rejected.length > 0) this.metrics.refused.inc({ reason: 'invalid' }, judged.rejected.length);
    if (judged.records.length === 0) throw nothingToTake(judged);
    const batch = new LogBatch(judged.records, key);
    await this.enqueue(batch, durable);
    if (batch.isReused) throw this.reused(batch);
    this.metrics.accepted.inc({ source: 'http' }, judged.records.length);
    return viewOf(judged, batch, durable);
  }

  /** Before any record is looked at, for to refuse must be cheaper than to take. */
  private begin(body: IngestBody, durable: boolean): BatchKey | undefined {
    try {
      this.schema.requireExpected();
      this.writer.requireRoom(body.records.length, durable);
      return sentKey(body);
    } catch (error) {
      throw this.refused(error, body.records.length);
    }
  }

  private async enqueue(batch: LogBatch, durable: boolean): Promise<void> {
    try {
      if (durable) await this.writer.commit(batch);
      else this.writer.add(batch);
    } catch (error) {
      throw this.refused(error, batch.records.length);
    }
  }

  private refused(error: unknown, count: number): unknown {
    const kind = error instanceof DomainError ? error.kind : 'unavailable';
    const reason = REASONS[kind] ?? 'unavailable';
    this.metrics.refused.inc({ reason }, count);
    return error;
  }

  private reused({ records }: LogBatch): DomainError {
    this.metrics.refused.inc({ reason: 'batch_id_reused' }, records.length);
    return new DomainError('conflict', 'Other records came before under this batch_id of this node', {
      code: 'batch_id_reused',
    });
  }
}

const REASONS: Partial<Record<ErrorKind, string>> = { too_many: 'queue_full', invalid: 'invalid' };

/** What a body may take in memory; when it is compressed, or sent in pieces, its length tells nothing. */
function mostBytes({ headers }: IncomingMessage, limitBytes: number): number {
  const isKnown = headers['transfer-encoding'] === undefined && headers['content-encoding'] === undefined;
  return isKnown ? Math.min(Number(headers['content-length']), limitBytes) : 2 * limitBytes;
}

const MOST_ERRORS = 100;

function nothingToTake({ rejected }: Judged): DomainError {
  const errors = rejected.flatMap(({ index, errors: faults }) =>
    faults.map(({ pointer, message }): FieldError => ({ pointer: `/${index}${pointer}`, message })),
  );
  return invalidFields(errors.slice(0, MOST_ERRORS));
}

function viewOf(judged: Judged, batch: LogBatch, durable: boolean): IngestView {
  const unstorable = judged.records.flatMap((record, i): RejectedRecordView[] =>
    batch.dropped.has(record)
      ? [{ index: judged.indexes[i]!, errors: [{ pointer: '', message: 'the record could not be stored' }] }]
      : [],
  );
  const view: IngestView = {
    accepted: batch.isDuplicate ? 0 : judged.records.length - unstorable.length,
    rejected: [...judged.rejected, ...unstorable],
  };
  return durable ? { ...view, duplicate: batch.isDuplicate } : view;
}
