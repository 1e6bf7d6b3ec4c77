import { applyDecorators, type INestApplication, type Type } from '@nestjs/common';
import {
  ApiExtraModels,
  ApiProperty,
  ApiPropertyOptional,
  ApiResponse,
  DocumentBuilder,
  getSchemaPath,
  type OpenAPIObject,
  SwaggerModule,
} from '@nestjs/swagger';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Page } from '../common/page.js';
import { PROBLEM_TYPE, type ProblemBody } from './problem.js';

/** `/swagger` and `/swagger/json`. The document is built when it is first asked for: it would double the start. */
export function serveDocument(app: INestApplication): void {
  SwaggerModule.setup('swagger', app, () => buildDocument(app), { jsonDocumentUrl: 'swagger/json', raw: ['json'] });
}

export function buildDocument(app: INestApplication): OpenAPIObject {
  const builder = new DocumentBuilder()
    .setTitle('EZ-API')
    .setDescription('Control plane of an LLM API gateway')
    .setVersion(packageVersion())
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'The admin token, a scoped one, or a JWT' }, 'admin')
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'A master key, or a JWT' }, 'master')
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'The internal token' }, 'internal');
  for (const [name, description] of Object.entries(TAGS)) builder.addTag(name, description);
  return SwaggerModule.createDocument(app, builder.build(), { operationIdFactory: operationId });
}

/** `Masters_list`: what generators make methods of. */
const operationId = (controller: string, method: string): string =>
  `${controller.replace(/Controller$/, '')}_${method}`;

/** Groups of routes, in the order of the document. */
const TAGS = {
  masters: 'Tenants and their limits',
  keys: 'Keys that clients send to the balancer',
  'provider-groups': 'Upstream definitions',
  'api-keys': 'Upstream credentials',
  models: 'Capabilities and prices of public models',
  bindings: 'Which provider group serves which model of a namespace',
  namespaces: 'First halves of model names',
  features: 'Flags and values that balancers read',
  usage: 'What keys have used: ledger, quota periods, counters',
  sync: 'The road to Redis',
  'operation logs': 'Who changed what',
  'access logs': 'What balancers served',
  tokens: 'Scoped tokens of the admin API',
  auth: 'Exchange of credentials for tokens of limited time',
  self: 'What a master sees and changes of its own',
  webhook: 'Alerts, sent to a receiver of yours',
  realtime: 'What happens at this moment',
  statistics: 'Sums, rates and percentiles over time',
  internal: 'For balancers',
  health: 'For whoever watches this process',
  'early names': 'Aliases that older programs use',
};

class ProblemField {
  @ApiProperty({ description: 'JSON pointer to the field, or to the parameter', example: '/update/3/weight' })
  pointer!: string;

  @ApiProperty({ example: 'weight must not be less than 0' })
  message!: string;
}

/** The schema of every error. */
export class Problem implements ProblemBody {
  @ApiProperty({ example: 'urn:ez-api:problem:invalid' })
  type!: string;

  @ApiProperty({ example: 'Invalid request' })
  title!: string;

  @ApiProperty({ type: 'integer', example: 400 })
  status!: number;

  @ApiProperty({ example: 'weight must not be less than 0' })
  detail!: string;

  @ApiProperty({ description: 'What a program may branch on', example: 'invalid' })
  code!: string;

  @ApiProperty({ type: [ProblemField] })
  errors!: ProblemField[];

  @ApiProperty({ example: '0b5fd3c1f1f94b2d8f6f3a3c0f2a6c11' })
  request_id!: string;
}

/** Declares the errors that a route can answer. */
export const ApiProblems = (...statuses: (keyof typeof DESCRIPTIONS)[]): MethodDecorator & ClassDecorator =>
  applyDecorators(ApiExtraModels(Problem), ...statuses.map(apiProblem));

const apiProblem = (status: keyof typeof DESCRIPTIONS): MethodDecorator & ClassDecorator =>
  ApiResponse({
    status,
    description: DESCRIPTIONS[status],
    content: { [PROBLEM_TYPE]: { schema: { $ref: getSchemaPath(Problem) } } },
  });

const DESCRIPTIONS = {
  400: 'Malformed: wrong type, unknown field, bad parameter',
  401: 'No valid credential',
  403: 'A valid credential of the wrong role or scope',
  404: 'Absent, or of another tenant',
  408: 'The body did not arrive in time',
  409: 'Taken, in use, or a limit is reached',
  412: 'Changed since the version in `If-Match`',
  413: 'Body too large',
  415: 'Not JSON, or in another encoding',
  422: 'Well-formed, but against a rule',
  429: 'Too many; see `Retry-After`',
  500: 'A fault of ours; the request id finds it in the log',
  503: 'Temporarily unavailable; see `Retry-After`',
} as const;

/** The class of a page of views, for typed lists in the document. It has a name of its own, or the last one would stand for all. */
export function pageOf<T>(view: Type<T>): Type<Page<T>> {
  class PageOf implements Page<T> {
    @ApiProperty({ type: [view] })
    data!: T[];

    @ApiProperty({ type: 'integer', description: 'Of all pages; exact up to 10,000', example: 1 })
    total!: number;

    @ApiPropertyOptional({ enum: [false], description: 'Present where `total` is an estimate' })
    total_is_exact?: false;

    @ApiProperty({ type: 'integer', minimum: 1, example: 1 })
    page!: number;

    @ApiProperty({ type: 'integer', minimum: 1, maximum: 200, example: 20 })
    page_size!: number;
  }
  Object.defineProperty(PageOf, 'name', { value: `${view.name.replace(/View$/, '')}Page` });
  return PageOf;
}

function packageVersion(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }).version;
}
