import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compileSelector, resolveCandidate, resolveSelector, type Selector } from './selector.js';

const MODELS = ['gpt-4o', 'gpt-4o-mini', 'openai/GPT-4.1', 'claude-3-5-sonnet'];

const select = (selector: Partial<Selector>) =>
  resolveSelector({ type: 'exact', value: '', publicModel: 'gpt-4o', models: MODELS, ...selector });

describe('an exact selector', () => {
  it('hits the model that is equal', () => {
    expect(select({ value: 'gpt-4o-mini' })).toEqual({ model: 'gpt-4o-mini' });
  });

  it.each(['', '  '])('with the value %j asks for the public model', (value) => {
    expect(select({ value })).toEqual({ model: 'gpt-4o' });
  });

  it('is case-sensitive', () => {
    expect(select({ value: 'GPT-4o' })).toEqual({
      error: 'config_error',
      reason: 'exact "GPT-4o" hits none of 4 models',
    });
  });

  it('looks through blanks around a model, blank models and repeated ones', () => {
    expect(select({ models: [' gpt-4o ', '', '  ', 'gpt-4o'] })).toEqual({ model: 'gpt-4o' });
  });

  it('hits nothing in a group without models', () => {
    expect(select({ models: [] })).toMatchObject({ error: 'config_error' });
  });

  it('takes a value that looks like a pattern literally', () => {
    expect(select({ value: 'gpt-4.' })).toMatchObject({ error: 'config_error' });
  });
});

describe('a normalize_exact selector', () => {
  it.each(['gpt-4.1', 'GPT-4.1', 'azure/gpt-4.1', 'a/b/Gpt-4.1'])('finds openai/GPT-4.1 as %s', (value) => {
    expect(select({ type: 'normalize_exact', value })).toEqual({ model: 'openai/GPT-4.1' });
  });

  it('refuses two models that differ only in what it ignores', () => {
    expect(select({ type: 'normalize_exact', models: ['gpt-4o', 'openai/GPT-4o'] })).toEqual({
      error: 'config_error',
      reason: 'normalize_exact "gpt-4o" hits 2 models: gpt-4o, openai/GPT-4o',
    });
  });
});

describe('a regex selector', () => {
  const regex = (value: string, models = MODELS) => select({ type: 'regex', value, models });

  it('is unanchored', () => {
    expect(regex('sonnet')).toEqual({ model: 'claude-3-5-sonnet' });
    expect(regex('^sonnet')).toMatchObject({ error: 'config_error' });
  });

  it('is case-sensitive unless it says otherwise', () => {
    expect(regex('SONNET')).toMatchObject({ error: 'config_error' });
    expect(regex('(?i)SONNET')).toEqual({ model: 'claude-3-5-sonnet' });
  });

  it('refuses to choose between two models', () => {
    expect(regex('gpt-4o')).toEqual({
      error: 'config_error',
      reason: 'regex "gpt-4o" hits 2 models: gpt-4o, gpt-4o-mini',
    });
    expect(regex('gpt-4o$')).toEqual({ model: 'gpt-4o' });
  });

  it('names at most five of the models it hits', () => {
    const models = Array.from({ length: 900 }, (_, n) => `m${n}`);

    expect(regex('m', models)).toMatchObject({ reason: 'regex "m" hits 900 models: m0, m1, m2, m3, m4, …' });
  });

  it('says why it does not compile', () => {
    expect(regex('gpt-(4o')).toEqual({
      error: 'config_error',
      reason: 'error parsing regexp: missing closing ): `gpt-(4o`',
    });
  });

  it('is refused where a pattern and the models together are too much work', () => {
    const models = Array.from({ length: 1000 }, (_, i) => `${'ab'.repeat(60)}-${i}`);
    const resolve = (value: string) => resolveSelector({ type: 'regex', value, publicModel: 'm', models });
    expect(resolve('-999$')).toEqual({ model: models[999] });
    expect(resolve('(?:a[ab]{0,100}){1,3}[^ab]')).toMatchObject({ error: 'config_error' });
  });

  it('without a value looks for the text of the public model, whose dots and pluses are no pattern', () => {
    const models = ['c++1x', 'c++1.x'];

    expect(select({ type: 'regex', publicModel: 'c++1.', models })).toEqual({ model: 'c++1.x' });
  });
});

describe('compileSelector', () => {
  it.each([
    ['look-ahead', 'gpt(?=-4o)'],
    ['negative look-ahead', '^(?!gpt)'],
    ['look-behind', '(?<=gpt-)4o'],
    ['back-reference', '(a)\\1'],
    ['named back-reference', '(?<n>a)\\k<n>'],
    ['control escape', '\\cA'],
    ['unicode escape', '\\u0041'],
  ])('refuses a %s, which JavaScript takes and balancers do not', (_, pattern) => {
    expect(() => new RegExp(pattern)).not.toThrow();
    expect(compileSelector(pattern)).toHaveProperty('error');
  });

  it.each([
    ['inline flags', '(?i)GPT', 'gpt-4o'],
    ['a leading flag group', '(?s:a.b)', 'a\nb'],
    ['a quoted part', '\\Qgpt-4.1\\E', 'gpt-4.1'],
    ['a POSIX class', '^[[:alpha:]]+$', 'gpt'],
    ['the end of the text', 'gpt\\z', 'gpt'],
    ['a Python-style name', '(?P<family>gpt)', 'gpt'],
    ['a Unicode class without a flag', '^\\p{Greek}$', 'λ'],
  ])('takes %s, which JavaScript refuses or reads differently', (_, pattern, text) => {
    const compiled = compileSelector(pattern);

    expect('find' in compiled && compiled.find(text)).toBe(true);
    expect(matchesInJavaScript(pattern, text)).toBe(false);
  });

  it.each(['x{1001}', '((a{100}){100}){100}', 'a**', '*'])('refuses %s', (pattern) => {
    expect(compileSelector(pattern)).toHaveProperty('error');
  });

  it('takes 256 characters and not one more', () => {
    expect(compileSelector('a'.repeat(256))).toHaveProperty('find');
    expect(compileSelector('a'.repeat(257))).toEqual({ error: 'longer than 256 characters' });
  });

  it.each(['(a+)+$', '(a|aa)+$', '^(a*)*$', '(.*a){30}$', '(a?){30}a{30}$'])('answers %s in linear time', (pattern) => {
    const compiled = compileSelector(pattern);
    const started = performance.now();

    expect('find' in compiled && compiled.find(`${'a'.repeat(20_000)}b`)).toBe(false);
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  it('agrees with JavaScript wherever both mean the same', () => {
    const pieces = fc.constantFrom(
      'a',
      'b',
      '.',
      '^',
      '$',
      '(a|b)',
      '[ab]',
      'a*',
      'b+',
      'a?',
      '(ab)*',
      '\\.',
      '-',
      '\\d',
      '\\b',
    );
    const texts = fc.string({ unit: fc.constantFrom('a', 'b', '.', '-', '1'), maxLength: 8 });

    fc.assert(
      fc.property(fc.array(pieces, { minLength: 1, maxLength: 6 }), texts, (parts, text) => {
        const pattern = parts.join('');
        const compiled = compileSelector(pattern);
        expect('find' in compiled && compiled.find(text)).toBe(new RegExp(pattern).test(text));
      }),
    );
  });

  it('never throws, whatever is written', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), fc.string(), (pattern, text) => {
        const compiled = compileSelector(pattern);
        expect('error' in compiled || typeof compiled.find(text) === 'boolean').toBe(true);
      }),
    );
  });
});

describe('a selection', () => {
  it('is always one of the models, or an error with a reason', () => {
    const types = fc.constantFrom('exact', 'normalize_exact', 'regex');
    const texts = fc.string({ unit: fc.constantFrom('a', 'B', '/', '.', ' ', '+'), maxLength: 5 });

    fc.assert(
      fc.property(types, texts, texts, fc.array(texts), (type, value, publicModel, models) => {
        const selection = resolveSelector({ type, value, publicModel, models });
        if ('model' in selection) expect(models.map((model) => model.trim())).toContain(selection.model);
        else expect(selection.reason).not.toBe('');
      }),
    );
  });
});

describe('a candidate', () => {
  const row = {
    group_id: 7,
    route_group: 'default',
    weight: 1,
    selector_type: 'exact',
    selector_value: '',
    status: 'active',
  } as const;
  const resolve = (input: { groupModels?: string[]; usableProviderIds?: number[] }) =>
    resolveCandidate({ ...row, publicModel: 'gpt-4o', groupModels: MODELS, usableProviderIds: [42], ...input });

  it('names the upstream model of each usable provider', () => {
    expect(resolve({ usableProviderIds: [42, 43] })).toEqual({ ...row, upstreams: { '42': 'gpt-4o', '43': 'gpt-4o' } });
  });

  it('is the same text in whatever order the providers come', () => {
    const ids = [4_294_967_296_000, 43, 9];

    expect(JSON.stringify(resolve({ usableProviderIds: ids }))).toBe(
      JSON.stringify(resolve({ usableProviderIds: ids.toReversed() })),
    );
  });

  it('carries config_error when the selector hits none', () => {
    expect(resolve({ groupModels: ['other'] })).toEqual({ ...row, error: 'config_error' });
  });

  it('carries no_provider when nobody could serve it, whatever the selector', () => {
    expect(resolve({ usableProviderIds: [], groupModels: [] })).toEqual({ ...row, error: 'no_provider' });
  });

  it('carries nothing of its row that balancers do not know', () => {
    const input = { ...row, id: 5, publicModel: 'gpt-4o', groupModels: MODELS, usableProviderIds: [42] };

    expect(Object.keys(resolveCandidate(input))).toEqual([...Object.keys(row), 'upstreams']);
  });
});

function matchesInJavaScript(pattern: string, text: string): boolean {
  try {
    return new RegExp(pattern).test(text);
  } catch {
    return false;
  }
}
