import { applyDecorators, HttpCode, type Type as Class } from '@nestjs/common';
import { ApiCreatedResponse, ApiHeader, ApiNoContentResponse, ApiOkResponse, ApiQuery } from '@nestjs/swagger';
import { ApiProblems, pageOf } from '../http/openapi.js';
import { batchViewOf } from './resource-view.js';

type Decorator = MethodDecorator;

const RECEIPT = {
  'EZ-Config-Version': {
    description: 'The version that the change became: `{gen}.{version}`',
    schema: { type: 'string' as const },
  },
  'EZ-Propagation': {
    description: '`applied` once Redis holds it, else `pending`',
    schema: { type: 'string' as const, enum: ['applied', 'pending'] },
  },
};
const ETAG = { ETag: { description: 'The version, quoted', schema: { type: 'string' as const } } };

/** What every write accepts beside its body. */
const waits = (): Decorator =>
  applyDecorators(
    ApiQuery({
      name: 'wait',
      required: false,
      enum: ['applied'],
      description: 'Answer when Redis holds the change, or at the time limit',
    }),
    ApiQuery({
      name: 'timeout_ms',
      required: false,
      schema: { type: 'integer', minimum: 1, maximum: 30_000, default: 1000 },
    }),
  );

const idempotent = (): Decorator =>
  ApiHeader({ name: 'Idempotency-Key', required: false, schema: { type: 'string', minLength: 1, maxLength: 255 } });

const conditional = (): Decorator =>
  ApiHeader({
    name: 'If-Match',
    required: false,
    description: 'ETag that the resource must still have',
    schema: { type: 'string' },
  });

export const ApiList = (view: Class): Decorator =>
  applyDecorators(ApiOkResponse({ type: pageOf(view) }), ApiProblems(400));

export const ApiGet = (view: Class): Decorator =>
  applyDecorators(ApiOkResponse({ type: view, headers: ETAG }), ApiProblems(400, 404));

export const ApiCreate = (view: Class): Decorator =>
  applyDecorators(
    waits(),
    idempotent(),
    ApiCreatedResponse({ type: view, headers: { ...RECEIPT, ...ETAG } }),
    ApiProblems(400, 409, 413, 415, 422),
  );

export const ApiUpdate = (view: Class): Decorator =>
  applyDecorators(
    waits(),
    conditional(),
    ApiOkResponse({ type: view, headers: { ...RECEIPT, ...ETAG } }),
    ApiProblems(400, 404, 409, 412, 413, 415, 422),
  );

export const ApiRemove = (): Decorator =>
  applyDecorators(
    HttpCode(204),
    waits(),
    conditional(),
    ApiNoContentResponse({ headers: RECEIPT }),
    ApiProblems(400, 404, 409, 412),
  );

export const ApiBatch = (view: Class): Decorator =>
  applyDecorators(
    HttpCode(200),
    waits(),
    idempotent(),
    ApiOkResponse({ type: batchViewOf(view), headers: RECEIPT }),
    ApiProblems(400, 404, 409, 413, 415, 422),
  );

/** An action on one resource: `POST /…/:id/verb` that answers the resource. */
export const ApiAction = (view: Class): Decorator =>
  applyDecorators(
    HttpCode(200),
    waits(),
    idempotent(),
    conditional(),
    ApiOkResponse({ type: view, headers: { ...RECEIPT, ...ETAG } }),
    ApiProblems(400, 404, 409, 412, 413, 415, 422),
  );
