import { describe, expect, it } from '@jest/globals';
import {
  NAMESPACE_PATTERN,
  NAME_PATTERN,
  PROVIDER_TYPES,
  googleLocation,
  newRequestId,
  normalizeModelKind,
  normalizeProviderType,
  normalizeRouteGroup,
  orEmpty,
  requestId,
} from './names.js';

describe('a name', () => {
  it.each(['a', 'gpt-4.1', 'meta/llama:70b', 'ops+eu@example.com', 'модель', '模型_2', 'x'.repeat(128)])(
    'may be %s',
    (name) => {
      expect(NAME_PATTERN.test(name)).toBe(true);
    },
  );

  it.each(['', ' a', 'a ', 'a b', 'a,b', 'a\n', 'a#1', 'a\0', '<a>', '😀', 'x'.repeat(129)])(
    'may not be %j',
    (name) => {
      expect(NAME_PATTERN.test(name)).toBe(false);
    },
  );
});

describe('a namespace', () => {
  it.each(['a', 'team_1', '0', 'a-b', 'x'.repeat(63)])('may be %s', (name) => {
    expect(NAMESPACE_PATTERN.test(name)).toBe(true);
  });

  it.each(['', 'gpt-4.1', 'Team', '-a', '_a', 'a b', 'команда', 'a\n', 'x'.repeat(64)])('may not be %j', (name) => {
    expect(NAMESPACE_PATTERN.test(name)).toBe(false);
  });

  it('may be left empty where that is said', () => {
    const allowed = ['', 'team_1', 'a\n', '\n', 'a b', 'Team'].filter((name) => orEmpty(NAMESPACE_PATTERN).test(name));
    expect(allowed).toEqual(['', 'team_1']);
    expect(orEmpty(NAME_PATTERN).test('команда')).toBe(true);
  });
});

describe('a route group', () => {
  it.each([[''], ['   '], ['\t'], [null], [undefined]])('%j is the default one', (group) => {
    expect(normalizeRouteGroup(group)).toBe('default');
  });

  it('is otherwise kept, case included', () => {
    expect(normalizeRouteGroup('VIP')).toBe('VIP');
  });
});

describe('a provider type', () => {
  it.each([
    [' Vertex-Express ', 'vertex-express'],
    ['OPENAI', 'openai'],
    ['claude-code', 'claude-code'],
  ])('%j is read as %s', (text, type) => {
    expect(normalizeProviderType(text)).toBe(type);
  });

  it.each(['', 'custom', 'azure', 'open ai'])('%j is unknown', (text) => {
    expect(normalizeProviderType(text)).toBeUndefined();
  });

  it('has the location global for Vertex alone, unless one is given', () => {
    expect(PROVIDER_TYPES.filter((type) => googleLocation(type, ' ') === 'global')).toEqual([
      'vertex',
      'vertex-express',
    ]);
    expect(googleLocation('vertex', ' us-central1 ')).toBe('us-central1');
    expect(googleLocation('gemini', null)).toBe('');
  });
});

describe('a model kind', () => {
  it.each([
    ['', 'chat'],
    [null, 'chat'],
    ['  ', 'chat'],
    ['Embedding', 'embedding'],
    ['rerank', 'rerank'],
    ['image', 'other'],
    ['constructor', 'other'],
  ])('%j is %s', (text, kind) => {
    expect(normalizeModelKind(text)).toBe(kind);
  });
});

describe('a request id', () => {
  it.each(['a', 'req_1.2-3', 'x'.repeat(64)])('%s is kept', (header) => {
    expect(requestId(header)).toBe(header);
  });

  it.each([[undefined], [''], ['a b'], ['x'.repeat(65)], ['id\n'], ['<script>'], ['ключ']])(
    '%j is replaced',
    (header) => {
      expect(requestId(header)).toMatch(/^[0-9a-f]{32}$/);
    },
  );

  it('is new each time', () => {
    expect(newRequestId()).not.toBe(newRequestId());
  });
});
