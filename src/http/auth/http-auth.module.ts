import { Global, Module } from '@nestjs/common';
import { SignInLimiter } from '../sign-in-limiter.js';
import { Credentials } from './credentials.js';
import { Lookups } from './lookups.js';
import { SessionTokens } from './session-tokens.js';
import { SignIn } from './sign-in.js';

/** Global, because the guards are made anew in every module that uses one. */
@Global()
@Module({
  providers: [
    Credentials,
    Lookups,
    SessionTokens,
    SignIn,
    { provide: SignInLimiter, useFactory: () => new SignInLimiter() },
  ],
  exports: [SessionTokens, SignIn, SignInLimiter],
})
export class HttpAuthModule {}
