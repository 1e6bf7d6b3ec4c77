import { describe, expect, it } from '@jest/globals';
import { judge } from './record-validator.js';
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

  it('is masked in each text of a record that others choose', () => {
    const rules = { oldest: 0, newest: 1, now: 1, node: null, refusesUnknown: false };
    const said = `Bearer ${SECRET}`;
    const fields = { model: said, upstream_model: said, error_code: said, error_message: said, user_agent: said };
    const verdict = judge({ request_id: 'r', status_code: 200, ...fields, note: `\tsk-${SECRET}` }, rules);
    expect(verdict).toMatchObject({ record: { ...masked(fields), extra: { note: '\tsk-***' } } });
  });
});

const masked = (fields: object): object => Object.fromEntries(Object.keys(fields).map((name) => [name, 'Bearer ***']));
