import { describe, expect, it } from '@jest/globals';
import { judge } from './record-validator.js';

const SECRET = 'a1b2'.repeat(6);
const RULES = { oldest: 0, newest: 1, now: 1, node: null, refusesUnknown: false };

describe('what looks like a credential', () => {
  it('is masked in each text of a record that others choose', () => {
    const said = `Bearer ${SECRET}`;
    const names = { namespace: said, model: said, upstream_model: said };
    const fields = { ...names, error_code: said, error_message: said, user_agent: said };
    const verdict = judge({ request_id: 'r', status_code: 200, ...fields, note: `\tsk-${SECRET}` }, RULES);
    expect(verdict).toMatchObject({ record: { ...masked(fields), extra: { note: '\tsk-***' } } });
  });
});

describe('a line break', () => {
  const judged = (fields: object) => judge({ request_id: 'r', status_code: 200, ...fields }, RULES);

  it.each(['request_id', 'namespace', 'model', 'upstream_model', 'error_code', 'node'])('is refused in %s', (name) => {
    expect(judged({ [name]: 'a\nb' })).toMatchObject({ errors: [{ pointer: `/${name}` }] });
  });

  it('may be in what others have said', () => {
    const fields = { error_message: 'a\nb', user_agent: 'a\tb' };
    expect(judged(fields)).toMatchObject({ record: fields });
  });
});

const masked = (fields: object): object => Object.fromEntries(Object.keys(fields).map((name) => [name, 'Bearer ***']));
