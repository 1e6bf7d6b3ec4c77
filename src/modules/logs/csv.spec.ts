import { describe, expect, it } from '@jest/globals';
import { csvLine } from './csv.js';

describe('a line of CSV', () => {
  it.each(['=1', '+1', '-1', '@a', '\n=1', '\r', '\tx', ' =1', '\u00a0=1', '＝1', '＋1', '－1', '＠a'])(
    'has a quote in front of %j, which a table could take for a formula',
    (text) => {
      expect(csvLine([text])).toBe(`"'${text}"\r\n`);
    },
  );

  it.each([
    ['x;=HYPERLINK("a")', `"x;'=HYPERLINK(""a"")"`],
    ['x\t @a;+1', `"x\t '@a;'+1"`],
  ])('has one in %j, whose columns may be parted there', (text, cell) => {
    expect(csvLine([text])).toBe(`${cell}\r\n`);
  });

  it('leaves numbers and other texts as they are', () => {
    expect(csvLine([-1, 'a=1', null, true, 'a"b'])).toBe('-1,a=1,,true,"a""b"\r\n');
  });
});
