import { Check, Column, Entity, Unique } from 'typeorm';
import type { ModelKind } from '../../contract/names.js';
import { MONEY, decimalNumber } from '../../database/columns.js';
import { Identity } from '../../database/identity.js';
import { ResourceRow } from '../../database/resource-row.js';

export type ModelSource = 'manual' | 'registry';
export type ModelStatus = 'active' | 'disabled';

@Entity({ name: 'models' })
@Unique('uq_models_name', ['name'])
@Check('ck_models_kind', `kind IN ('chat', 'embedding', 'rerank', 'other')`)
@Check('ck_models_source', `source IN ('manual', 'registry')`)
@Check('ck_models_status', `status IN ('active', 'disabled')`)
export class Model extends ResourceRow {
  @Identity('pk_models')
  declare id: number;

  /** `namespace.public_model`, or bare. */
  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'text', default: 'chat' })
  kind!: ModelKind;

  /** Tokens; 0 = unknown. */
  @Column({ type: 'integer', default: 0 })
  context_window!: number;

  @Column({ type: 'integer', default: 0 })
  max_output_tokens!: number;

  /** USD per token. */
  @Column({ type: 'numeric', precision: 15, scale: 12, default: 0, transformer: decimalNumber })
  cost_per_token!: number;

  /** USD per million tokens, like the two below. */
  @Column(MONEY)
  input_price!: number;

  @Column(MONEY)
  output_price!: number;

  @Column(MONEY)
  cache_read_price!: number;

  @Column({ type: 'boolean', default: false })
  supports_vision!: boolean;

  @Column({ type: 'boolean', default: false })
  supports_functions!: boolean;

  @Column({ type: 'boolean', default: false })
  supports_tool_choice!: boolean;

  @Column({ type: 'boolean', default: false })
  supports_fim!: boolean;

  @Column({ type: 'boolean', default: false })
  supports_stream!: boolean;

  @Column({ type: 'text', default: 'manual' })
  source!: ModelSource;

  @Column({ type: 'text', default: 'active' })
  status!: ModelStatus;
}
