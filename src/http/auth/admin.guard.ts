import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request } from 'express';
import { SCOPE } from './access-metadata.js';
import { modeOf, permits } from '../../common/scopes.js';
import { forbidden, SignIn } from './sign-in.js';

/** Operators: the configured admin token, a scoped one as far as its scopes go, or a JWT of either. */
@Injectable()
export class AdminGuard implements CanActivate {
  constructor(
    private readonly signIn: SignIn,
    private readonly reflector: Reflector,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<Request>();
    const { scopes } = await this.signIn.admit(request, 'admin');
    const resource = this.reflector.getAllAndOverride<string>(SCOPE, [context.getHandler(), context.getClass()]);
    const mode = modeOf(request.method);
    if (scopes && !permits(scopes, resource, mode)) throw forbidden(`This takes the scope ${resource}:${mode}`);
    return true;
  }
}
