import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, ValidateBy } from 'class-validator';
import { canonicalIpRange } from '../../common/ip-range.js';
import { PatternField, TextField } from '../../crud/fields.js';
import { CHECKS, type Check } from './explain.js';
import type { Explanation } from './explain.service.js';

export class ExplainDto {
  @TextField(512, {
    minLength: 1,
    example: 'ezk_…',
    description: 'What the client sends as its key. It is only hashed',
  })
  token?: string;

  @PatternField(/^[0-9a-f]{64}$/, 'a lower-case hex SHA-256', {
    description: 'Its SHA-256, for whoever must not see it',
  })
  token_hash?: string;

  @TextField(256, { required: true, minLength: 1, example: 'default.gpt-4o', description: 'As the client writes it' })
  model!: string;

  @ApiPropertyOptional({ type: String, example: '192.0.2.1', description: 'Address of the client' })
  @IsOptional()
  @ValidateBy({
    name: 'isAddress',
    validator: {
      validate: (value) => canonicalIpRange(value) !== undefined && !String(value).includes('/'),
      defaultMessage: () => '$property must be an address, v4 or v6',
    },
  })
  ip?: string;
}

export class ExplainedKeyView {
  @ApiProperty({ type: 'integer', example: 9 })
  id!: number;

  @ApiProperty({ example: 'laptop' })
  name!: string;

  @ApiProperty({ example: 'ezk_…last' })
  hint!: string;

  @ApiProperty({ type: 'integer', example: 1 })
  master_id!: number;

  @ApiProperty({ example: 'acme' })
  master_name!: string;

  @ApiProperty({ example: 'default' })
  route_group!: string;

  @ApiProperty({ type: [String], description: 'That it may use, its own or the master’s', example: ['default'] })
  namespaces!: string[];

  @ApiProperty({ description: 'Its own or the master’s', example: 'default' })
  default_namespace!: string;
}

export class ExplainedModelView {
  @ApiProperty({ example: 'default' })
  namespace!: string;

  @ApiProperty({ example: 'gpt-4o' })
  public_model!: string;
}

export class ExplainCheckView implements Check {
  @ApiProperty({ enum: CHECKS })
  name!: Check['name'];

  @ApiProperty({ enum: ['passed', 'failed', 'skipped'] })
  outcome!: Check['outcome'];

  @ApiProperty({ example: 'Key and master are active.' })
  detail!: string;
}

export class ExplainedCandidateView {
  @ApiProperty({ type: 'integer', example: 1 })
  binding_id!: number;

  @ApiProperty({ type: 'integer', example: 1 })
  group_id!: number;

  @ApiProperty({ example: 'default' })
  route_group!: string;

  @ApiProperty({ type: 'integer', example: 1 })
  weight!: number;

  @ApiProperty({ type: String, nullable: true, description: 'Why it is passed over; null if it is not', example: null })
  reason!: string | null;

  @ApiProperty({ enum: ['config_error', 'no_provider'], nullable: true })
  error!: string | null;

  @ApiProperty({ type: String, nullable: true, example: 'gpt-4o-2024-11-20' })
  upstream_model!: string | null;

  @ApiProperty({ type: 'array', items: { type: 'integer' }, description: 'API keys that can serve', example: [1, 2] })
  provider_ids!: number[];
}

export class ExplanationView {
  @ApiProperty({ enum: ['served', 'refused'] })
  verdict!: 'served' | 'refused';

  @ApiProperty({ example: 'Refused: The key is suspended.' })
  sentence!: string;

  @ApiProperty({ type: ExplainedKeyView, nullable: true })
  key!: ExplainedKeyView | null;

  @ApiProperty({ type: ExplainedModelView, nullable: true, description: 'How the name of the model is read' })
  model!: ExplainedModelView | null;

  @ApiProperty({ type: [ExplainCheckView], description: 'In the order of a balancer; the first that failed decides' })
  checks!: ExplainCheckView[];

  @ApiProperty({ type: [ExplainedCandidateView] })
  candidates!: ExplainedCandidateView[];
}

export function toExplanationView({ verdict, sentence, key, model, checks, candidates }: Explanation): ExplanationView {
  return {
    verdict,
    sentence,
    key: key ? toKeyView(key) : null,
    model: model ?? null,
    checks,
    candidates: candidates.map(toCandidateView),
  };
}

function toKeyView(key: NonNullable<Explanation['key']>): ExplainedKeyView {
  const { id, name, hint, master_id, master_name, route_group, namespaces, default_namespace } = key;
  return { id, name, hint, master_id, master_name, route_group, namespaces, default_namespace };
}

function toCandidateView({ binding, reason }: Explanation['candidates'][number]): ExplainedCandidateView {
  const { id: binding_id, group_id, route_group, weight } = binding;
  const { error, upstream_model, provider_ids } = binding.resolution;
  return { binding_id, group_id, route_group, weight, reason, error, upstream_model, provider_ids };
}
