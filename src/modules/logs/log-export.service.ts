import { Injectable } from '@nestjs/common';
import type { Response } from 'express';
import { once } from 'node:events';
import { DomainError } from '../../common/domain-error.js';
import { csvLine } from './csv.js';
import { LogSearch } from './log-search.service.js';
import type { LogRow } from './log.view.js';
import type { LogFilters } from './log-walk.js';

const EXPORTS_MAX = 2;
const PAGE = 1_000;
/** A caller who reads more slowly than that narrows the search down. */
const LONGEST_MS = 15 * 60_000;

export type ExportFormat = 'ndjson' | 'csv';

interface Export {
  filters: LogFilters;
  format: ExportFormat;
  toView: (row: LogRow) => object;
}

const TYPES: Record<ExportFormat, string> = { ndjson: 'application/x-ndjson', csv: 'text/csv; charset=utf-8' };

/**
 * Streams all records that fit. No connection is held and no statement runs while the caller is slow: the next page is looked for
 * when the last one has left, and not at all when the caller has.
 */
@Injectable()
export class LogExport {
  private running = 0;

  constructor(private readonly search: LogSearch) {}

  async send(response: Response, { filters, format, toView }: Export): Promise<void> {
    if (this.running >= EXPORTS_MAX) throw busy();
    this.running += 1;
    try {
      await this.stream(response, filters, new Lines(format, toView));
    } finally {
      this.running -= 1;
    }
  }

  private async stream(response: Response, filters: LogFilters, lines: Lines): Promise<void> {
    const deadline = Date.now() + LONGEST_MS;
    let page = await this.search.find(filters, PAGE);
    response.setHeader('Content-Type', TYPES[lines.format]);
    response.setHeader('Content-Disposition', `attachment; filename="logs.${lines.format}"`);
    response.setHeader('Cache-Control', 'no-store');
    for (;;) {
      await write(response, lines.of(page.rows));
      if (response.destroyed || !page.next) break;
      // Cut off, so that it isn't taken for complete.
      if (Date.now() > deadline) return void response.destroy();
      page = await this.search.find(filters, PAGE, page.next);
    }
    response.end();
  }
}

class Lines {
  private hasHeader = false;

  constructor(
    readonly format: ExportFormat,
    private readonly toView: (row: LogRow) => object,
  ) {}

  of(rows: readonly LogRow[]): string {
    const views = rows.map(this.toView);
    if (this.format === 'ndjson') return views.map((view) => `${JSON.stringify(view)}\n`).join('');
    return this.header(views[0]) + views.map((view) => csvLine(Object.values(view))).join('');
  }

  private header(view: object | undefined): string {
    if (this.hasHeader || !view) return '';
    this.hasHeader = true;
    return csvLine(Object.keys(view));
  }
}

async function write(response: Response, text: string): Promise<void> {
  if (text === '' || response.write(text) || response.destroyed) return;
  const left = new AbortController();
  await Promise.race([
    once(response, 'drain', { signal: left.signal }).catch(() => undefined),
    once(response, 'close', { signal: left.signal }).catch(() => undefined),
  ]);
  left.abort();
}

const busy = (): DomainError =>
  new DomainError('too_many', 'Other exports are running; try again when they are done', {
    code: 'log_exports_busy',
    retryAfterSeconds: 10,
  });
