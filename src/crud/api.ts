import { applyDecorators, HttpCode, type Type as Class } from '@nestjs/common';
import {
  ApiCreatedResponse,
  ApiHeader,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiQuery,
} from '@nestjs/swagger';
import { ApiProblems, pageOf } from '../http/openapi.js';
import { WAITS } from '../http/receipt.js';
import { batchViewOf } from './resource-view.js';

type Decorator = MethodDecorator;

/** What people call the resource of a view: `IssuedApiKeyView` is an `API key`. */
const nounOf = ({ name }: Class): string =>
  name
    .replaceAll(/^Issued|View$/g, '')
    .replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ')
    .toLowerCase()
    .replace(/^api /, 'API ');

const one = (view: Class): string => `${/^[aeiou]/i.test(nounOf(view)) ? 'an' : 'a'} ${nounOf(view)}`;

const many = (view: Class): string => `${nounOf(view).replace(/(?<=[^aeiou])y$/, 'ie')}s`;

const summary = (text: string): Decorator => ApiOperation({ summary: text });

const RECEIPT = {
  'EZ-Config-Version': {
    description: 'The version that the change became: `{gen}.{version}`',
    schema: { type: 'string' as const },
  },
  'EZ-Propagation': {
    description: '`applied` once Redis holds it, with `wait=dp` once every live data plane serves it, else `pending`',
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
      enum: [...WAITS],
      description:
        'Answer when Redis holds the change, with `dp` when every live data plane serves it, or at the time limit',
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
    description: 'ETag that everything to be changed must still have',
    schema: { type: 'string' },
  });

export const ApiList = (view: Class): Decorator =>
  applyDecorators(summary(`List ${many(view)}`), ApiOkResponse({ type: pageOf(view) }), ApiProblems(400));

export const ApiGet = (view: Class): Decorator =>
  applyDecorators(summary(`Get ${one(view)}`), ApiOkResponse({ type: view, headers: ETAG }), ApiProblems(400, 404));

export const ApiCreate = (view: Class): Decorator =>
  applyDecorators(
    summary(`Create ${one(view)}`),
    waits(),
    idempotent(),
    ApiCreatedResponse({ type: view, headers: { ...RECEIPT, ...ETAG } }),
    ApiProblems(400, 409, 413, 415, 422),
  );

export const ApiUpdate = (view: Class): Decorator =>
  applyDecorators(
    summary(`Change the given fields of ${one(view)}`),
    waits(),
    conditional(),
    ApiOkResponse({ type: view, headers: { ...RECEIPT, ...ETAG } }),
    ApiProblems(400, 404, 409, 412, 413, 415, 422),
  );

export const ApiRemove = (view: Class): Decorator =>
  applyDecorators(
    HttpCode(204),
    summary(`Delete ${one(view)}`),
    waits(),
    conditional(),
    ApiNoContentResponse({ headers: RECEIPT }),
    ApiProblems(400, 404, 409, 412),
  );

export const ApiBatch = (view: Class): Decorator =>
  applyDecorators(
    HttpCode(200),
    summary(`Create, change and delete ${many(view)}, all or nothing`),
    waits(),
    idempotent(),
    conditional(),
    ApiOkResponse({ type: batchViewOf(view), headers: RECEIPT }),
    ApiProblems(400, 404, 409, 412, 413, 415, 422),
  );

/** An action on one resource, `POST /…/:id/verb`, that answers the resource. The verb is the name of the method. */
export const ApiAction =
  (view: Class): Decorator =>
  (target, verb, descriptor) =>
    applyDecorators(
      HttpCode(200),
      summary(`${capitalized(String(verb))} ${one(view)}`),
      waits(),
      idempotent(),
      conditional(),
      ApiOkResponse({ type: view, headers: { ...RECEIPT, ...ETAG } }),
      ApiProblems(400, 404, 409, 412, 413, 415, 422),
    )(target, verb, descriptor);

const capitalized = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);
