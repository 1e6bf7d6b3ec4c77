import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { lintPublicModel, parseModelRef } from './model-ref.js';

describe('a model name', () => {
  it.each([
    ['team.gpt-4o', 'lab', { namespace: 'team', public_model: 'gpt-4o' }],
    ['team.gpt-4.1', 'lab', { namespace: 'team', public_model: 'gpt-4.1' }],
    ['gpt-4o', 'lab', { namespace: 'lab', public_model: 'gpt-4o' }],
    ['gpt-4.1', 'lab', { namespace: 'gpt-4', public_model: '1' }],
  ])('%s of a key in %s is read at its first dot', (text, defaultNamespace, ref) => {
    expect(parseModelRef(text, defaultNamespace)).toEqual(ref);
  });

  it.each([
    ['', 'lab'],
    ['.gpt-4o', 'lab'],
    ['team.', 'lab'],
    ['.', 'lab'],
    ['gpt-4o', undefined],
    ['gpt-4o', ''],
  ])('%j of a key with the default namespace %j names nothing', (text, defaultNamespace) => {
    expect(parseModelRef(text, defaultNamespace)).toBeUndefined();
  });

  it('is read back whole from its qualified form', () => {
    fc.assert(
      fc.property(NAMESPACE, PUBLIC_MODEL, fc.option(NAMESPACE), (namespace, public_model, other) => {
        expect(parseModelRef(`${namespace}.${public_model}`, other ?? undefined)).toEqual({ namespace, public_model });
      }),
    );
  });
});

describe('the lint of a public model', () => {
  const lint = (publicModel: string, known: string[] = ['team']) =>
    lintPublicModel('team', publicModel, new Set(known));

  it.each(['gpt-4o', 'claude-3-5-sonnet', 'meta/llama:70b'])('has nothing to say about %s', (publicModel) => {
    expect(lint(publicModel)).toEqual([]);
  });

  it('warns that a bare name with a dot reads as something else, and says what would help', () => {
    expect(lint('gpt-4.1')).toEqual([
      {
        code: 'bare_name_unreachable',
        message:
          'A bare "gpt-4.1" reads as model "1" of namespace "gpt-4", which does not exist. ' +
          'Clients can write "team.gpt-4.1", or publish the alias "gpt-4.1".',
        reads_as: { namespace: 'gpt-4', public_model: '1' },
        remedy: {
          qualified_name: 'team.gpt-4.1',
          dotless_name: 'gpt-4-1',
          alias: { namespace: 'gpt-4', public_model: '1' },
        },
      },
    ]);
  });

  it('warns louder when the reading ends in a namespace that exists', () => {
    expect(lint('lab.gpt', ['team', 'lab'])).toMatchObject([
      { code: 'bare_name_shadowed', reads_as: { namespace: 'lab', public_model: 'gpt' } },
    ]);
  });

  it.each(['GPT-4.1', 'meta/llama-3.1', '.hidden', 'v1.'])(
    'offers no alias for %s, which no namespace could carry',
    (name) => {
      const [warning] = lint(name);

      expect(warning).toMatchObject({ code: 'bare_name_unreachable' });
      expect(warning?.remedy.alias).toBeUndefined();
    },
  );

  it('warns exactly when the bare name of a key in that namespace does not arrive', () => {
    fc.assert(
      fc.property(NAMESPACE, PUBLIC_MODEL, (namespace, public_model) => {
        const read = parseModelRef(public_model, namespace);
        const arrives = read?.namespace === namespace && read.public_model === public_model;
        expect(lintPublicModel(namespace, public_model, new Set())).toHaveLength(arrives ? 0 : 1);
      }),
    );
  });

  it('offers remedies that work', () => {
    fc.assert(
      fc.property(NAMESPACE, PUBLIC_MODEL, (namespace, public_model) => {
        const [warning] = lintPublicModel(namespace, public_model, new Set());
        if (!warning) return;
        const { qualified_name, dotless_name, alias } = warning.remedy;
        expect(parseModelRef(qualified_name)).toEqual({ namespace, public_model });
        expect(parseModelRef(dotless_name, namespace)).toEqual({ namespace, public_model: dotless_name });
        if (alias) expect(parseModelRef(public_model, namespace)).toEqual(alias);
      }),
    );
  });
});

const NAMESPACE = fc.stringMatching(/^[a-z0-9][a-z0-9_-]{0,8}$/);
const PUBLIC_MODEL = fc.stringMatching(/^[A-Za-z0-9._:/@+-]{1,9}$/);
