import { applyDecorators, type CanActivate, SetMetadata, type Type, UseGuards } from '@nestjs/common';
import { ApiBearerAuth } from '@nestjs/swagger';
import type { AdminResource } from '../common/scopes.js';
import { ACCESS, type Access, SCOPE } from './auth/access-metadata.js';
import { AdminGuard } from './auth/admin.guard.js';
import { InternalGuard } from './auth/internal.guard.js';
import { MasterGuard } from './auth/master.guard.js';
import { ApiProblems } from './openapi.js';

type Decorator = ClassDecorator & MethodDecorator;

/** Operators. `resource` is the first half of the scope that a scoped admin token needs, as in `masters:read`. */
export const AdminRoute = (resource: AdminResource): Decorator =>
  applyDecorators(guarded('admin', AdminGuard), SetMetadata(SCOPE, resource));

/** Tenants: each sees and changes only its own. */
export const MasterRoute = (): Decorator => guarded('master', MasterGuard);

/** Balancers. */
export const InternalRoute = (): Decorator => guarded('internal', InternalGuard);

/** Anyone: has to be said, so that nothing is public by omission (a test walks all routes). */
export const PublicRoute = (): Decorator =>
  applyDecorators(SetMetadata(ACCESS, 'public' satisfies Access), ApiProblems(500));

const guarded = (access: Exclude<Access, 'public'>, guard: Type<CanActivate>): Decorator =>
  applyDecorators(
    SetMetadata(ACCESS, access),
    UseGuards(guard),
    ApiBearerAuth(access),
    ApiProblems(401, 403, 429, 500, 503),
  );
