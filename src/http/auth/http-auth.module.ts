import { Global, Module } from '@nestjs/common';
import { SignInLimiter } from '../sign-in-limiter.js';
import { Credentials } from './credentials.js';
import { SessionTokens } from './session-tokens.js';
import { SignIn } from './sign-in.js';

/** Global, because the guards are made anew in every module that uses one. */
@Global()
@Module({
  providers: [Credentials, SessionTokens, SignIn, { provide: SignInLimiter, useFactory: () => new SignInLimiter() }],
  exports: [SessionTokens, SignIn, SignInLimiter],
})
export class HttpAuthModule {}
