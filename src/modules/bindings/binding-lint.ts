import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { invalidField } from '../../common/domain-error.js';
import { lintPublicModel, parseModelRef } from '../../contract/model-ref.js';
import type { LintBindingsDto, ModelNameFindingView } from './bindings.dto.js';

type Named = Pick<ModelNameFindingView, 'binding_id' | 'model_id' | 'namespace' | 'public_model'>;

/** Finds public models that no client reaches by their natural name: the first dot ends the namespace. */
@Injectable()
export class BindingLint {
  constructor(private readonly database: DataSource) {}

  async lint({ namespace, public_model }: LintBindingsDto): Promise<ModelNameFindingView[]> {
    if (public_model && !namespace) throw invalidField('/namespace', 'namespace is required with public_model');
    const known = await this.namespaces();
    const stored = [...(await this.bound()), ...(await this.described(known))].filter(
      (named) =>
        (!namespace || named.namespace === namespace) && (!public_model || named.public_model === public_model),
    );
    const isNew = namespace && public_model && stored.length === 0;
    return (isNew ? [{ namespace, public_model }] : stored).flatMap((named) => findingsOf(named, known));
  }

  private async namespaces(): Promise<Set<string>> {
    const rows = await this.database.query<{ name: string }[]>('SELECT name FROM namespaces');
    return new Set(rows.map(({ name }) => name));
  }

  private bound(): Promise<Named[]> {
    return this.database.query<Named[]>(
      `SELECT id::float8 AS binding_id, namespace, public_model FROM bindings
        WHERE strpos(public_model, '.') > 0 ORDER BY namespace, public_model, id`,
    );
  }

  private async described(known: ReadonlySet<string>): Promise<Named[]> {
    const rows = await this.database.query<{ id: number; name: string }[]>(
      `SELECT id::float8 AS id, name FROM models WHERE strpos(name, '.') > 0 ORDER BY name`,
    );
    return rows.map(({ id, name }) => ({ model_id: id, ...splitName(name, known) }));
  }
}

/** A dot in the name of a model is its namespace's only if there is such a namespace. */
function splitName(name: string, known: ReadonlySet<string>): Pick<Named, 'namespace' | 'public_model'> {
  const ref = parseModelRef(name);
  return ref && known.has(ref.namespace) ? ref : { namespace: '', public_model: name };
}

const findingsOf = (named: Named, known: ReadonlySet<string>): ModelNameFindingView[] =>
  lintPublicModel(named.namespace || '{namespace}', named.public_model, known).map((warning) => ({
    ...named,
    ...warning,
  }));
