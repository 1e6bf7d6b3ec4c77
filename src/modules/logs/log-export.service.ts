import { Injectable } from '@nestjs/common';
import type { Response } from 'express';
import { csvLine } from './csv.js';
import { ExportSlots } from './export-slots.js';
import { LogSearch } from './log-search.service.js';
import type { LogRow } from './log.view.js';
import type { LogFilters } from './log-walk.js';
import { patientWrite } from './patient-write.js';

const PAGE = 1_000;
/** A caller who reads more slowly than that narrows the search down. */
const LONGEST_MS = 15 * 60_000;
/** That a page may take to be read. */
const STALLED_MS = 30_000;

export type ExportFormat = 'ndjson' | 'csv';

interface Export {
  /** The tenant that asked; absent: an operator. */
  master_id?: number;
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
  private readonly slots = new ExportSlots();

  constructor(private readonly search: LogSearch) {}

  async send(response: Response, { master_id, filters, format, toView }: Export): Promise<void> {
    await this.slots.hold(master_id, async () => {
      // Cut off, so that it isn't taken for complete.
      const deadline = setTimeout(() => response.destroy(), LONGEST_MS);
      try {
        await this.stream(response, filters, new Lines(format, toView));
      } finally {
        clearTimeout(deadline);
      }
    });
  }

  private async stream(response: Response, filters: LogFilters, lines: Lines): Promise<void> {
    let page = await this.search.find(filters, PAGE);
    response.setHeader('Content-Type', TYPES[lines.format]);
    response.setHeader('Content-Disposition', `attachment; filename="logs.${lines.format}"`);
    response.setHeader('Cache-Control', 'no-store');
    for (;;) {
      await patientWrite(response, lines.of(page.rows), STALLED_MS);
      if (response.destroyed || !page.next) break;
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
