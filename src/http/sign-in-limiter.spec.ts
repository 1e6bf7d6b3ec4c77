import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { DomainError } from '../common/domain-error.js';
import { SignInLimiter } from './sign-in-limiter.js';

const KEY = 'ezm_0123456789abcdef';

/** How many failures pass before the first 429, and what that one says. */
function failUntilRefused(
  limiter: SignInLimiter,
  attempt: (i: number) => [address: string, credential: string],
): [number, DomainError] {
  for (let i = 0; ; i += 1) {
    try {
      limiter.failed(...attempt(i));
    } catch (error) {
      return [i, error as DomainError];
    }
  }
}

describe('SignInLimiter', () => {
  let limiter: SignInLimiter;

  beforeEach(() => {
    jest.useFakeTimers();
    limiter = new SignInLimiter({ perAddress: 20, perCredential: 10, windowSeconds: 60 });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('refuses an address after too many failures, whatever it tries', () => {
    const [failures, error] = failUntilRefused(limiter, (i) => ['192.0.2.1', `ezm_${i}-${'x'.repeat(20)}`]);
    expect(failures).toBe(20);
    expect(error).toMatchObject({ kind: 'too_many', code: 'too_many_failures', retryAfterSeconds: 60 });
  });

  it('refuses guesses of one credential wherever they come from', () => {
    const [failures] = failUntilRefused(limiter, (i) => [`192.0.2.${i}`, `${KEY}${i}`]);
    expect(failures).toBe(10);
  });

  it('takes the signatures of one JWT for guesses, but not two JWTs that begin alike', () => {
    expect(failUntilRefused(limiter, (i) => [`192.0.2.${i}`, `header.claims.${i}`])[0]).toBe(10);
    expect(failUntilRefused(limiter, (i) => ['192.0.2.99', `header.other${i}.x`])[0]).toBe(20);
  });

  it('takes the addresses of one v6 network for one caller', () => {
    const [failures] = failUntilRefused(limiter, (i) => [
      `2001:db8:1:2::${i.toString(16)}`,
      `ezm_${i}-${'x'.repeat(20)}`,
    ]);
    expect(failures).toBe(20);
  });

  it('knows a v6 network by its bits, however its addresses are spelled', () => {
    const spellings = ['2001:db8::a:b:c:d', '2001:db8::e:f:1:2', '2001:0db8:0:0::1', '2001:DB8::'];
    const [failures] = failUntilRefused(limiter, (i) => [spellings[i % 4]!, `ezm_${i}-${'x'.repeat(20)}`]);
    expect(failures).toBe(20);
    expect(() => limiter.failed('2001:db8:0:1::1', 'ezm_of-somebody-else')).not.toThrow();
  });

  it('tells whom it suspects, until it forgets', () => {
    failUntilRefused(limiter, (i) => ['192.0.2.1', `ezm_${i}-${'x'.repeat(20)}`]);
    expect([limiter.suspects('192.0.2.1'), limiter.suspects('192.0.2.2')]).toEqual([true, false]);
    jest.advanceTimersByTime(60_000);
    expect(limiter.suspects('192.0.2.1')).toBe(false);
  });

  it('leaves others alone', () => {
    failUntilRefused(limiter, () => ['192.0.2.1', KEY]);
    expect(() => limiter.failed('192.0.2.2', 'ezm_of-somebody-else')).not.toThrow();
  });

  it('forgets after a while, and says how long that is', () => {
    failUntilRefused(limiter, () => ['192.0.2.1', KEY]);
    jest.advanceTimersByTime(45_000);
    expect(failUntilRefused(limiter, () => ['192.0.2.1', KEY])[1].retryAfterSeconds).toBe(15);
    jest.advanceTimersByTime(15_000);
    expect(() => limiter.failed('192.0.2.1', KEY)).not.toThrow();
  });

  it('keeps counting whom it knows while strangers pass by', () => {
    for (let i = 0; i < 10; i += 1) limiter.failed('192.0.2.1', KEY);
    for (let i = 0; i < 9_000; i += 1) limiter.failed(`10.${i >> 8}.${i & 255}.1`, `${i}-`.padEnd(20, 'x'));
    expect(() => limiter.failed('192.0.2.1', KEY)).toThrow('Too many failed sign-ins');
  });
});
