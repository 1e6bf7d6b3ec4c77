import { resolveCandidate } from '../../contract/selector.js';
import { encodeBinding, type Candidate } from '../../contract/snapshots.js';
import type { NamespaceStatus } from '../namespaces/namespace.entity.js';
import type { Binding } from './binding.entity.js';

/** A binding row with what its provider group offers. */
export interface BindingFacts extends Pick<
  Binding,
  'group_id' | 'route_group' | 'weight' | 'selector_type' | 'selector_value' | 'status'
> {
  models: string[];
  /** API keys that can serve: active, in an active group. */
  usable: number[];
}

export interface BindingsFacts {
  namespace: string;
  public_model: string;
  namespace_status: NamespaceStatus;
  /** Unix seconds. */
  changed_at: number;
  rows: BindingFacts[];
}

/** What `config:bindings` says of one public model: a candidate for each provider group bound to it. */
export function bindingPayload({ namespace, public_model, namespace_status, changed_at, rows }: BindingsFacts): string {
  const isActive = namespace_status === 'active' && rows.some(({ status }) => status === 'active');
  return encodeBinding({
    namespace,
    public_model,
    status: isActive ? 'active' : 'disabled',
    updated_at: changed_at,
    candidates: rows.toSorted(byGroup).map((row) => candidateOf(row, public_model)),
  });
}

/** The same facts give the same bytes, whatever order PostgreSQL returned them in. */
const byGroup = (a: BindingFacts, b: BindingFacts): number =>
  a.group_id - b.group_id || (a.route_group < b.route_group ? -1 : 1);

const candidateOf = ({ models, usable, ...row }: BindingFacts, publicModel: string): Candidate =>
  resolveCandidate({ ...row, publicModel, groupModels: models, usableProviderIds: usable });
