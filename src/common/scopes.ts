import { DomainError } from './domain-error.js';
import { requestContext } from './request-context.js';

/** What a scope can speak of; every admin route names one of them. */
export const ADMIN_RESOURCES = [
  'masters',
  'keys',
  'provider-groups',
  'api-keys',
  'models',
  'bindings',
  'namespaces',
  'features',
  'tokens',
  'sync',
  'operation-logs',
  'logs',
  'stats',
  'usage',
  'webhooks',
  'explain',
] as const;

export type AdminResource = (typeof ADMIN_RESOURCES)[number];

type Mode = 'read' | 'write';

/** `masters:read`, `masters:write`, `masters:*`, `*:read` or `*`. Neither reading nor writing includes the other. */
export const SCOPE_PATTERN = new RegExp(`^(?:\\*|\\*:read|(?:${ADMIN_RESOURCES.join('|')}):(?:read|write|\\*))$`);

export const modeOf = (method: string): Mode => (method === 'GET' || method === 'HEAD' ? 'read' : 'write');

/** `resource` may be `*`, which only a scope that says `*` itself permits: it includes resources that are yet to come. */
export function permits(scopes: readonly string[], resource: string, mode: Mode): boolean {
  return scopes.some((scope) => {
    const [ofResource, ofMode = '*'] = scope.split(':');
    return (ofResource === '*' || ofResource === resource) && (ofMode === '*' || ofMode === mode);
  });
}

/** Whether `held` allow everything that `wanted` would. */
export function covers(held: readonly string[], wanted: readonly string[]): boolean {
  return wanted.every((scope) => {
    const [resource = '', mode = '*'] = scope.split(':');
    return (['read', 'write'] as const).every((one) => (mode !== '*' && mode !== one) || permits(held, resource, one));
  });
}

/** For what a request writes beside the resource that its route is named for. */
export function assertMayWrite(...resources: AdminResource[]): void {
  const scopes = requestContext()?.scopes;
  const missing = scopes && resources.find((resource) => !permits(scopes, resource, 'write'));
  if (missing) throw new DomainError('forbidden', `This takes the scope ${missing}:write, too`);
}
