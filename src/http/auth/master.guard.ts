import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { SignIn } from './sign-in.js';

/** Tenants: a master key, or a JWT of one, while the master is active. */
@Injectable()
export class MasterGuard implements CanActivate {
  constructor(private readonly signIn: SignIn) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    await this.signIn.admit(context.switchToHttp().getRequest<Request>(), 'master');
    return true;
  }
}
