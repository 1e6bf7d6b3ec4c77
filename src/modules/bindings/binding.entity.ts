import { Check, Column, Entity, ForeignKey, Index, Unique } from 'typeorm';
import type { SelectorType } from '../../contract/names.js';
import { BIGINT } from '../../database/columns.js';
import { Identity } from '../../database/identity.js';
import { ResourceRow } from '../../database/resource-row.js';
import { Namespace } from '../namespaces/namespace.entity.js';
import { ProviderGroup } from '../provider-groups/provider-group.entity.js';

export type BindingStatus = 'active' | 'disabled';

@Entity({ name: 'bindings' })
@Unique('uq_bindings_namespace_public_model_group_id_route_group', [
  'namespace',
  'public_model',
  'group_id',
  'route_group',
])
@Check('ck_bindings_selector_type', `selector_type IN ('exact', 'normalize_exact', 'regex')`)
@Check('ck_bindings_status', `status IN ('active', 'disabled')`)
@Index('ix_bindings_group_id', ['group_id'])
export class Binding extends ResourceRow {
  @Identity('pk_bindings')
  declare id: number;

  @Column({ type: 'text' })
  @ForeignKey(() => Namespace, 'name', { name: 'fk_bindings_namespace' })
  namespace!: string;

  @Column({ type: 'text' })
  public_model!: string;

  /** The provider group that serves it. */
  @Column(BIGINT)
  @ForeignKey(() => ProviderGroup, { name: 'fk_bindings_group_id' })
  group_id!: number;

  @Column({ type: 'text', default: 'default' })
  route_group!: string;

  @Column({ type: 'integer', default: 1 })
  weight!: number;

  @Column({ type: 'text', default: 'exact' })
  selector_type!: SelectorType;

  /** Empty = the public model. */
  @Column({ type: 'text', default: '' })
  selector_value!: string;

  @Column({ type: 'text', default: 'active' })
  status!: BindingStatus;
}
