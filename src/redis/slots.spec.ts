import { describe, expect, it } from '@jest/globals';
import { slotOf } from './slots.js';

describe('the slot of a key', () => {
  it.each([
    ['123456789', 0x31c3],
    ['foo', 12_182],
    ['', 0],
  ])('of %j is %i', (key, slot) => {
    expect(slotOf(key)).toBe(slot);
  });

  it('is that of the text in the first braces, if there is any', () => {
    expect(slotOf('{config:keys}:ver')).toBe(slotOf('config:keys'));
    expect(slotOf('a{b}{c}')).toBe(slotOf('b'));
    expect(slotOf('a{}{b}')).not.toBe(slotOf('b'));
  });
});
