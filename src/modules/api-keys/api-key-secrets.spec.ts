import { describe, expect, it } from '@jest/globals';
import { secretHint } from './api-key-secrets.js';

describe('the hint of a secret', () => {
  it('is its last four characters', () => {
    expect(secretHint('sk-proj-0123456789abcdwxyz')).toBe('…wxyz');
  });

  it('ignores a line break that was pasted along', () => {
    expect(secretHint('sk-proj-0123456789abcdwxyz\n')).toBe('…wxyz');
  });

  it('says of a service account only that it is JSON', () => {
    expect(secretHint('{\n  "type": "service_account"\n}')).toBe('{…}');
    expect(secretHint('[{"type":"service_account"}]')).toBe('[…]');
  });

  it.each(['sk-a', 'sk-1234wxyz', 'two lines\nof a secret', 'пароль-пароль-пароль'])(
    'shows nothing of %j',
    (secret) => {
      expect(secretHint(secret)).toBe('…');
    },
  );
});
