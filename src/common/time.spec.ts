import { describe, expect, it } from '@jest/globals';
import { isIanaZone, unixSeconds } from './time.js';

describe('unixSeconds', () => {
  it('drops the part of a second', () => {
    expect(unixSeconds(new Date('2026-01-01T00:00:00.999Z'))).toBe(1_767_225_600);
  });
});

describe('isIanaZone', () => {
  it.each(['UTC', 'Europe/Berlin', 'Asia/Kolkata', 'America/Argentina/Buenos_Aires', 'Etc/GMT+1', 'US/Pacific'])(
    'knows %s',
    (zone) => expect(isIanaZone(zone)).toBe(true),
  );

  it.each([
    '',
    '+01:00',
    'GMT+1',
    'Europe/Atlantis',
    'europe/berlin',
    'utc',
    'Europe/Berlin ',
    '../etc/passwd',
    null,
    3,
  ])('refuses %p', (zone) => expect(isIanaZone(zone)).toBe(false));
});
