import { describe, expect, it } from '@jest/globals';
import { acknowledgedVersion, configVersion, encodeRefreshHint } from './sync-records.js';

describe('a refresh hint', () => {
  it('says no more than it knows', () => {
    expect(encodeRefreshHint({ resource: 'config', timestamp: 1734464000 })).toBe(
      '{"resource":"config","timestamp":1734464000}',
    );
  });

  it('keeps its fields in order', () => {
    const hint = {
      timestamp: 1734464000,
      active_key: 'config:keys',
      version: configVersion('2', '17'),
      resource: 'key',
    };

    expect(encodeRefreshHint(hint)).toBe(
      '{"resource":"key","version":"2.17","active_key":"config:keys","timestamp":1734464000}',
    );
  });
});

describe('an acknowledgement', () => {
  it.each([{ gen: '2', version: '17' }, { gen: '2', version: '2.17' }, { version: '2.17' }])(
    'is understood as version 17 of generation 2 from %j',
    (ack) => {
      expect(acknowledgedVersion(ack)).toEqual({ gen: '2', version: '17' });
    },
  );

  it.each([{}, { gen: '2' }, { version: '17' }, { gen: '2', version: 'latest' }, { gen: '2', version: '-1' }])(
    'of %j acknowledges nothing',
    (ack) => {
      expect(acknowledgedVersion(ack)).toBeUndefined();
    },
  );
});
