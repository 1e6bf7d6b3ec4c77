/** Who may call a route. Written by the decorators of access.ts on every controller, read by guards and tests. */
export type Access = 'public' | 'admin' | 'master' | 'internal';

export const ACCESS = Symbol('ez:access');

/** On admin routes: the first half of the scope that a scoped admin token needs. */
export const SCOPE = Symbol('ez:scope');
