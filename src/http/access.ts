import { applyDecorators, SetMetadata, UseGuards } from '@nestjs/common';
import { ApiBearerAuth } from '@nestjs/swagger';
import { AdminGuard } from './auth/admin.guard.js';
import { InternalGuard } from './auth/internal.guard.js';
import { MasterGuard } from './auth/master.guard.js';
import { ApiProblems } from './openapi.js';
import { ACCESS, SCOPE } from './auth/access-metadata.js';
import type { AdminResource } from './auth/scopes.js';

/** Operators. `resource` is the first half of the scope that a scoped admin token needs, as in `masters:read`. */
export const AdminRoute = (resource: AdminResource): ClassDecorator & MethodDecorator =>
  applyDecorators(
    SetMetadata(ACCESS, 'admin'),
    SetMetadata(SCOPE, resource),
    UseGuards(AdminGuard),
    ApiBearerAuth('admin'),
    ApiProblems(401, 403, 429, 500, 503),
  );

/** Tenants: each sees and changes only its own. */
export const MasterRoute = (): ClassDecorator & MethodDecorator =>
  applyDecorators(
    SetMetadata(ACCESS, 'master'),
    UseGuards(MasterGuard),
    ApiBearerAuth('master'),
    ApiProblems(401, 403, 429, 500, 503),
  );

/** Balancers. */
export const InternalRoute = (): ClassDecorator & MethodDecorator =>
  applyDecorators(
    SetMetadata(ACCESS, 'internal'),
    UseGuards(InternalGuard),
    ApiBearerAuth('internal'),
    ApiProblems(401, 403, 429, 500, 503),
  );

/** Anyone: has to be said, so that nothing is public by omission (a test walks all routes). */
export const PublicRoute = (): ClassDecorator & MethodDecorator =>
  applyDecorators(SetMetadata(ACCESS, 'public'), ApiProblems(500));
