import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import type { Request, Response } from 'express';
import { from, type Observable, switchMap } from 'rxjs';
import { invalidField } from '../common/domain-error.js';
import { requestContext } from '../common/request-context.js';
import { configVersion } from '../contract/sync-records.js';
import { DEFAULT_WAIT_MS, Propagation, WAITS, type PropagationWait } from './receipt.js';

const LONGEST_WAIT_MS = 30_000;

/**
 * Tells the writer which version the change became, and on `?wait=applied` whether Redis has it, on `?wait=dp` whether all
 * data planes have. Without a wait the answer is `pending`: it has been committed and nobody has looked further. Redis never changes a status code.
 */
@Injectable()
export class ReceiptInterceptor implements NestInterceptor {
  constructor(private readonly propagation: Propagation) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const request = http.getRequest<Request>();
    if (request.method === 'GET' || request.method === 'HEAD') return next.handle();
    const wait = waitOf(request);
    const response = http.getResponse<Response>();
    return next.handle().pipe(switchMap((body: unknown) => from(this.receipt(response, wait).then(() => body))));
  }

  private async receipt(response: Response, wait: PropagationWait | undefined): Promise<void> {
    const receipt = requestContext()?.receipt;
    if (!receipt) return;
    response.setHeader('EZ-Config-Version', configVersion(receipt.gen, receipt.version));
    const outcome = wait ? await this.propagation.wait(receipt, wait) : 'pending';
    response.setHeader('EZ-Propagation', outcome);
  }
}

/** Checked before anything is written. */
function waitOf({ query }: Request): PropagationWait | undefined {
  const { wait, timeout_ms } = query;
  if (wait === undefined && timeout_ms === undefined) return undefined;
  const awaited = WAITS.find((each) => each === wait);
  if (!awaited) throw invalidField('/wait', 'must be `applied` or `dp`');
  return { for: awaited, timeoutMs: timeoutOf(timeout_ms) };
}

function timeoutOf(timeout_ms: unknown): number {
  if (timeout_ms === undefined) return DEFAULT_WAIT_MS;
  const ms = typeof timeout_ms === 'string' && /^\d{1,5}$/.test(timeout_ms) ? Number(timeout_ms) : 0;
  if (ms < 1 || ms > LONGEST_WAIT_MS)
    throw invalidField('/timeout_ms', `must be a whole number from 1 to ${LONGEST_WAIT_MS}`);
  return ms;
}
