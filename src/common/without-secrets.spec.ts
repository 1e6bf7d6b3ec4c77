import { describe, expect, it } from '@jest/globals';
import { withoutSecrets, withoutSecretsIn } from './without-secrets.js';

const SECRET = 'a1b2'.repeat(6);

describe('what looks like a credential', () => {
  it.each([
    [`key sk-${SECRET}!`, 'key sk-***!'],
    [`AUTHORIZATION: BEARER ${SECRET}`, 'AUTHORIZATION: BEARER ***'],
    [`said bearer ab/cd+ef==~${SECRET}`, 'said bearer ***'],
    ['sent Basic dXNlcjpwYXNz/+==', 'sent Basic ***'],
    [`authorization: ${SECRET} and more`, 'authorization: *** and more'],
    [`{"x-api-key":"${SECRET}"}`, '{"x-api-key":"***"}'],
    [`sent ${'eyJ-'.repeat(1000)}`, `sent ${'eyJ-'.repeat(1000)}`],
    [`sent eyJh.${SECRET}.x, (eyJh.${SECRET}.y)`, 'sent eyJ***, (eyJ***)'],
    ['the model gpt-4o-2024-08-06 is basic', 'the model gpt-4o-2024-08-06 is basic'],
  ])('is masked in %j', (text, masked) => {
    expect(withoutSecrets(text)).toBe(masked);
  });

  it('is masked in every text of a value, where an escape is in front of it as well, and in names', () => {
    const value = { a: [`line\nsk-${SECRET}`, 7, null], [`sk-${SECRET}`]: { authorization: 'short' } };
    expect(withoutSecretsIn(value)).toEqual({ a: ['line\nsk-***', 7, null], 'sk-***': { authorization: '***' } });
  });
});
