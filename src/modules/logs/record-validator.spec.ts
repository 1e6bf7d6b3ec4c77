import { describe, expect, it } from '@jest/globals';
import { judge } from './record-validator.js';

const SECRET = 'a1b2'.repeat(6);

describe('what looks like a credential', () => {
  it('is masked in each text of a record that others choose', () => {
    const rules = { oldest: 0, newest: 1, now: 1, node: null, refusesUnknown: false };
    const said = `Bearer ${SECRET}`;
    const fields = { model: said, upstream_model: said, error_code: said, error_message: said, user_agent: said };
    const verdict = judge({ request_id: 'r', status_code: 200, ...fields, note: `\tsk-${SECRET}` }, rules);
    expect(verdict).toMatchObject({ record: { ...masked(fields), extra: { note: '\tsk-***' } } });
  });
});

const masked = (fields: object): object => Object.fromEntries(Object.keys(fields).map((name) => [name, 'Bearer ***']));
