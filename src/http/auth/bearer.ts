import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';

/** Longer than any JWT of ours, and far shorter than what Node takes as a header. */
export const LONGEST_CREDENTIAL = 4096;

/** RFC 6750 in its one sane form: a single header, a single token. Undefined for everything else. */
export function findBearer({ headersDistinct }: Pick<Request, 'headersDistinct'>): string | undefined {
  const [header = '', ...more] = headersDistinct.authorization ?? [];
  const credential = /^bearer +([\x21-\x7e]+)$/i.exec(header)?.[1];
  return more.length === 0 && credential && credential.length <= LONGEST_CREDENTIAL ? credential : undefined;
}

/** A parameter of a controller: the credential of the request, if it carries one. */
export const Bearer = createParamDecorator((_: unknown, context: ExecutionContext) =>
  findBearer(context.switchToHttp().getRequest<Request>()),
);
