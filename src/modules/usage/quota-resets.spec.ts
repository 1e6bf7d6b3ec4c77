import { describe, expect, it } from '@jest/globals';
import { untilBoundary } from './quota-resets.js';

const QUARTER_MS = 900_000;
const MIDNIGHT = Date.parse('2026-11-20T00:00:00Z');

describe('the wake-up for quota resets', () => {
  it.each([0, 1, 20, 21, 450_000, QUARTER_MS - 1])(
    'comes within a second behind the next boundary, even when its timer is early, if it is %d ms behind the last',
    (passed) => {
      const wakesAt = MIDNIGHT + passed + untilBoundary(MIDNIGHT + passed) - 1;
      expect(wakesAt).toBeGreaterThan(MIDNIGHT + QUARTER_MS);
      expect(wakesAt).toBeLessThan(MIDNIGHT + QUARTER_MS + 1_000);
    },
  );
});
