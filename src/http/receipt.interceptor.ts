import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import type { Request, Response } from 'express';
import { from, type Observable, switchMap } from 'rxjs';
import { invalidField } from '../common/domain-error.js';
import { requestContext } from '../common/request-context.js';
import { configVersion } from '../contract/sync-records.js';
import { Propagation } from './receipt.js';

const DEFAULT_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;

/**
 * Tells the writer which version the change became, and on `?wait=applied` whether Redis has it. Without a wait the answer
 * is `pending`: it has been committed and nobody has looked further. Redis never changes a status code.
 */
@Injectable()
export class ReceiptInterceptor implements NestInterceptor {
  constructor(private readonly propagation: Propagation) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const request = http.getRequest<Request>();
    if (request.method === 'GET' || request.method === 'HEAD') return next.handle();
    const waitMs = waitOf(request);
    const response = http.getResponse<Response>();
    return next.handle().pipe(switchMap((body: unknown) => from(this.receipt(response, waitMs).then(() => body))));
  }

  private async receipt(response: Response, waitMs: number): Promise<void> {
    const receipt = requestContext()?.receipt;
    if (!receipt) return;
    response.setHeader('EZ-Config-Version', configVersion(receipt.gen, receipt.version));
    const outcome = waitMs > 0 ? await this.propagation.wait(receipt, waitMs) : 'pending';
    response.setHeader('EZ-Propagation', outcome);
  }
}

/** Checked before anything is written. */
function waitOf({ query }: Request): number {
  const { wait, timeout_ms } = query;
  if (wait === undefined && timeout_ms === undefined) return 0;
  if (wait !== 'applied') throw invalidField('/wait', 'must be `applied`');
  if (timeout_ms === undefined) return DEFAULT_WAIT_MS;
  const ms = typeof timeout_ms === 'string' && /^\d{1,5}$/.test(timeout_ms) ? Number(timeout_ms) : 0;
  if (ms < 1 || ms > LONGEST_WAIT_MS)
    throw invalidField('/timeout_ms', `must be a whole number from 1 to ${LONGEST_WAIT_MS}`);
  return ms;
}
