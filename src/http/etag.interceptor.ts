import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import type { Request, Response } from 'express';
import { map, type Observable } from 'rxjs';
import { requestContext } from '../common/request-context.js';

/** A single resource answers its version as `ETag`; `If-Match` is handed to the transaction that locks the row. */
@Injectable()
export class EtagInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const wanted = http.getRequest<Request>().headers['if-match'];
    const request = requestContext();
    if (request && wanted !== undefined && wanted.trim() !== '*') request.ifMatch = versionIn(wanted);
    const response = http.getResponse<Response>();
    return next.handle().pipe(
      map((body: unknown) => {
        const version = (body as { version?: unknown } | null | undefined)?.version;
        if (typeof version === 'string') response.setHeader('ETag', `"${version}"`);
        return body;
      }),
    );
  }
}

/** Of one strong entity tag of ours. A weak or unknown one matches nothing (RFC 9110, 13.1.1), so it stands for no version. */
const versionIn = (header: string): string => /^"(\d{1,19})"$/.exec(header.trim())?.[1] ?? '';
