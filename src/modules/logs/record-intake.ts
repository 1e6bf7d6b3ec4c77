import { Injectable } from '@nestjs/common';
import type { FieldError } from '../../common/domain-error.js';
import { Config } from '../../config/config.js';
import type { LogRecord } from '../../log-database/log-record.js';
import { Unreadable } from './ingest-body.js';
import { judge, type RecordRules } from './record-validator.js';

export interface Judged {
  records: LogRecord[];
  /** Where each of them stood in what was sent. */
  indexes: number[];
  rejected: { index: number; errors: readonly FieldError[] }[];
}

const DAY_MS = 86_400_000;
/** Clocks differ; what lies further ahead is a mistake. */
const AHEAD_MS = 3_600_000;

/** Tells records from what is none, one by one. */
@Injectable()
export class RecordIntake {
  constructor(private readonly config: Config) {}

  judge(values: readonly unknown[], node: string | undefined): Judged {
    const rules = this.rules(node);
    const judged: Judged = { records: [], indexes: [], rejected: [] };
    for (const [index, value] of values.entries()) {
      const verdict = value instanceof Unreadable ? faultOf(value) : judge(value, rules);
      if ('errors' in verdict) {
        judged.rejected.push({ index, errors: verdict.errors });
        continue;
      }
      judged.records.push(verdict.record);
      judged.indexes.push(index);
    }
    return judged;
  }

  private rules(node: string | undefined): RecordRules {
    const now = Date.now();
    const { retention_days, unknown_fields } = this.config.log;
    return {
      now,
      oldest: now - retention_days * DAY_MS,
      newest: now + AHEAD_MS,
      node: node ?? null,
      refusesUnknown: unknown_fields === 'refuse',
    };
  }
}

const faultOf = ({ message }: Unreadable): { errors: FieldError[] } => ({ errors: [{ pointer: '', message }] });
