import { NAMESPACE_PATTERN } from './names.js';

export interface ModelRef {
  namespace: string;
  public_model: string;
}

/** How balancers read the model name of a request. `undefined`: there is no namespace or no model in it. */
export function parseModelRef(text: string, defaultNamespace?: string): ModelRef | undefined {
  const { namespace, public_model } = splitAtFirstDot(text) ?? { namespace: defaultNamespace, public_model: text };
  return namespace && public_model ? { namespace, public_model } : undefined;
}

export interface ModelNameWarning {
  /** `shadowed`: the reading ends in a namespace that exists, so another tenant's model may answer. */
  code: 'bare_name_unreachable' | 'bare_name_shadowed';
  message: string;
  reads_as: ModelRef;
  remedy: {
    /** What clients can write today. */
    qualified_name: string;
    /** A public model that would be reachable. */
    dotless_name: string;
    /** A binding under which the natural name would arrive; absent if no namespace can have that name. */
    alias?: ModelRef;
  };
}

/** Warns of a public model that no client can reach by its natural name, which is the name without the namespace. */
export function lintPublicModel(
  namespace: string,
  publicModel: string,
  knownNamespaces: ReadonlySet<string>,
): ModelNameWarning[] {
  const readsAs = splitAtFirstDot(publicModel);
  if (!readsAs) return [];

  const isShadowed = knownNamespaces.has(readsAs.namespace);
  const isAliasPossible = NAMESPACE_PATTERN.test(readsAs.namespace) && readsAs.public_model !== '';
  const remedy = {
    qualified_name: `${namespace}.${publicModel}`,
    dotless_name: publicModel.replaceAll('.', '-'),
    ...(isAliasPossible && { alias: readsAs }),
  };
  return [
    {
      code: isShadowed ? 'bare_name_shadowed' : 'bare_name_unreachable',
      message: messageOf(publicModel, readsAs, isShadowed) + adviceOf(remedy),
      reads_as: readsAs,
      remedy,
    },
  ];
}

function splitAtFirstDot(text: string): ModelRef | undefined {
  const dot = text.indexOf('.');
  return dot < 0 ? undefined : { namespace: text.slice(0, dot), public_model: text.slice(dot + 1) };
}

function messageOf(publicModel: string, { namespace, public_model }: ModelRef, isShadowed: boolean): string {
  const reading = `A bare "${publicModel}" reads as model "${public_model}" of namespace "${namespace}"`;
  return isShadowed ? `${reading}, which exists and answers instead.` : `${reading}, which does not exist.`;
}

const adviceOf = ({ qualified_name, alias }: ModelNameWarning['remedy']): string =>
  ` Clients can write "${qualified_name}"${alias ? `, or publish the alias "${alias.namespace}.${alias.public_model}"` : ''}.`;
