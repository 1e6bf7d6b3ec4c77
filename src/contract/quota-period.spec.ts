import { describe, expect, it } from '@jest/globals';
import { isQuotaPeriod, quotaPeriod } from './quota-period.js';

describe('quotaPeriod', () => {
  const start = new Date('2025-12-31T23:30:00Z');

  it('is one period for ever without resets', () => {
    expect(quotaPeriod('none', start, 'UTC')).toBe('all');
  });

  it('is the day on which the period began, where the key lives', () => {
    expect(quotaPeriod('daily', start, 'UTC')).toBe('2025-12-31');
    expect(quotaPeriod('weekly', start, 'Asia/Tokyo')).toBe('2026-01-01');
  });

  it('is the month for monthly resets', () => {
    expect(quotaPeriod('monthly', start, 'UTC')).toBe('2025-12');
    expect(quotaPeriod('monthly', start, 'Europe/Berlin')).toBe('2026-01');
  });
});

describe('isQuotaPeriod', () => {
  it.each(['all', '2026-11', '2026-11-20', '2028-02-29'])('takes %s', (name) => {
    expect(isQuotaPeriod(name)).toBe(true);
  });

  it.each(['', 'ALL', '2026', '2026-13', '2026-02-29', '2026-11-20T00:00:00Z', '0026-01-01', ' 2026-11', 202611, null])(
    'refuses %p',
    (name) => {
      expect(isQuotaPeriod(name)).toBe(false);
    },
  );
});
