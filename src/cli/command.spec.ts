import { describe, expect, it } from '@jest/globals';
import { parseCommand } from './command.js';

const parse = (line: string): ReturnType<typeof parseCommand> => parseCommand(line.split(' ').filter(Boolean));

describe('the command line', () => {
  it('serves by default', () => {
    expect(parse('')).toEqual({ name: 'serve', migrate: false });
    expect(parse('--migrate')).toEqual({ name: 'serve', migrate: true });
    expect(parse('serve --migrate')).toEqual({ name: 'serve', migrate: true });
  });

  it('takes whole days for roll-ups, the last included', () => {
    expect(parse('rollups verify --from 2026-10-31 --to 2026-11-01')).toEqual({
      name: 'rollups verify',
      days: [new Date('2026-10-31T00:00:00Z'), new Date('2026-11-01T00:00:00Z')],
      migrate: false,
    });
    expect(parse('rollups rebuild --from 2026-11-01 --to 2026-11-01')).toMatchObject({ name: 'rollups rebuild' });
  });

  it.each([
    'dance',
    'serve --quickly',
    'migrate --migrate',
    'rollups',
    'rollups verify',
    'rollups drop --from 2026-11-01 --to 2026-11-02',
    'rollups verify --from 2026-11-02 --to 2026-11-01',
    'rollups verify --from 2026-11-31 --to yesterday',
    'rollups rebuild --from 2026-11-01 --to 2026-11-02 --force',
  ])('has no %j', (line) => {
    expect(parse(line)).toBeUndefined();
  });
});
