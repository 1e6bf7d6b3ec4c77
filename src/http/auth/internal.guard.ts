import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { SignIn } from './sign-in.js';

/** Balancers: the configured internal token. */
@Injectable()
export class InternalGuard implements CanActivate {
  constructor(private readonly signIn: SignIn) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    await this.signIn.admit(context.switchToHttp().getRequest<Request>(), 'internal');
    return true;
  }
}
