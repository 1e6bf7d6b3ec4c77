import { describe, expect, it } from '@jest/globals';
import { isIanaZone, isoInstant, unixSeconds } from './time.js';

describe('unixSeconds', () => {
  it('drops the part of a second', () => {
    expect(unixSeconds(new Date('2026-01-01T00:00:00.999Z'))).toBe(1_767_225_600);
  });
});

describe('isoInstant', () => {
  it.each([
    ['2024-02-29T23:59:59.5Z', Date.UTC(2024, 1, 29, 23, 59, 59, 500)],
    ['2026-12-31T00:30+01:00', Date.UTC(2026, 11, 30, 23, 30)],
    ['0099-01-31T00:00:00Z', Date.parse('0099-01-31T00:00:00Z')],
  ])('reads %s', (text, at) => expect(isoInstant(text)).toBe(at));

  it.each(['2026-02-30T00:00:00Z', '2026-02-29T00:00:00Z', '2026-04-31T00:00:00Z', '2026-13-01T00:00:00Z'])(
    'knows that %s is on no calendar',
    (text) => expect(isoInstant(text)).toBeNaN(),
  );

  it.each(['2026-01-01', '2026-01-01T00:00:00', '2026-01-01T00:00:00+15:00', '1 Jan 2026 00:00 UTC', ''])(
    'refuses %j',
    (text) => expect(isoInstant(text)).toBeNaN(),
  );
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
