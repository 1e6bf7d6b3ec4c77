import { describe, expect, it } from '@jest/globals';

import { Page } from '../../bin/lib/tour/page.mjs';
import { relative } from '../../bin/lib/tour/watch.mjs';

describe('a page', () => {
  it('aligns the columns of a table', () => {
    let shown = '';
    new Page((text) => (shown += text)).table(
      ['name', 'n'],
      [
        ['a', '100'],
        ['longer', ''],
      ],
    );
    expect(shown).toBe('  name    n\n  a       100\n  longer\n\n');
  });

  it('counts what did not hold', () => {
    let shown = '';
    const page = new Page((text) => (shown += text));
    page.check(true, 'water is wet');
    page.check(false, 'fire is cold');
    expect(shown).toBe('  ✓ water is wet\n  ✗ fire is cold\n');
    expect([page.checked, page.failed]).toEqual([2, 1]);
  });
});

describe('an instant', () => {
  it.each([
    [107.25, 100, '7.3 ms after'],
    [99, 100, '1.0 ms before'],
    [1600, 100, '1.5 s after'],
    [undefined, 100, 'not at any time after'],
  ])('%j is told in relation to %j', (instant, reference, words) => {
    expect(relative(instant, reference)).toBe(words);
  });
});
