import { describe, expect, it } from '@jest/globals';

import { aliasBindings, planRoutes } from '../../bin/lib/tour/routes.mjs';
import { aChannel, aToken, aUser } from './export-rows.js';

function plan(data: { channels?: object[]; masters?: object[]; keys?: object[]; bindings?: object[] }) {
  const notes: string[] = [];
  const { channels = [], ...rest } = data;
  const providers = channels.map((_original) => ({ _original }));
  const routes = planRoutes({ data: { providers, ...rest } }, (subject, remark) => notes.push(`${subject}: ${remark}`));
  return { ...routes, notes };
}

const withAlias = (public_model: string, namespace: string, alias: [string, string]) => ({
  namespace,
  public_model,
  warnings: [{ remedy: { alias: { namespace: alias[0], public_model: alias[1] } } }],
});

describe('the routes of an export', () => {
  it('bind every model of a channel in every group of it', () => {
    const { bindings } = plan({ channels: [aChannel({ name: 'c', models: 'a,b', group: 'default,vip', weight: 3 })] });
    expect(bindings.map(({ namespace, public_model }) => `${namespace}.${public_model}`)).toEqual([
      'default.a',
      'default.b',
      'vip.a',
      'vip.b',
    ]);
    expect(bindings[2]).toEqual({
      namespace: 'vip',
      public_model: 'a',
      provider_group: 'c',
      route_group: 'vip',
      weight: 3,
      selector_type: 'exact',
      selector_value: 'a',
    });
  });

  it('select the upstream model that a mapping names', () => {
    const { bindings } = plan({ channels: [aChannel({ models: 'gpt-4', model_mapping: '{"gpt-4":"gpt-4o"}' })] });
    expect(bindings[0]).toMatchObject({ public_model: 'gpt-4', selector_value: 'gpt-4o' });
  });

  it('have a namespace for each group of a channel, a user and a token, but none for "auto"', () => {
    const { namespaces } = plan({
      channels: [aChannel({ group: 'a' })],
      masters: [aUser({ group: 'b' })],
      keys: [aToken({ group: 'c' }), aToken({ group: 'auto' }), aToken({ group: '' })],
    });
    expect([...namespaces.keys()]).toEqual(['a', 'b', 'c']);
  });

  it('find namespaces for groups of any name', () => {
    const { namespaces, notes } = plan({ channels: [aChannel({ group: 'VIP,vip,v1.5,超级' })] });
    expect([...namespaces.values()]).toEqual(['vip', 'vip-2', 'v1-5', 'group']);
    expect(notes[0]).toBe('group "VIP": is namespace and route group vip');
  });

  it('name a binding of the export that no channel serves', () => {
    const bindings = ['gpt-4o', 'lost', 'lost'].map((model) => ({ namespace: 'default', model, status: 'active' }));
    const { notes } = plan({ channels: [aChannel()], bindings });
    expect(notes).toEqual(['default.lost: is in the export, but no channel serves it: left out']);
  });
});

describe('the aliases of dotted models', () => {
  it('serve the bare name, to each route group by its own channels', () => {
    const { bindings } = plan({ channels: [aChannel({ name: 'c', models: 'gpt-4.1,gpt-4o', group: 'default,vip' })] });
    const findings = ['default', 'vip'].map((namespace) => withAlias('gpt-4.1', namespace, ['gpt-4', '1']));
    expect(aliasBindings(bindings, findings)).toMatchObject([
      { namespace: 'gpt-4', public_model: '1', route_group: 'default', selector_value: 'gpt-4.1' },
      { namespace: 'gpt-4', public_model: '1', route_group: 'vip', selector_value: 'gpt-4.1' },
    ]);
  });

  it('do not replace a model that has the name already', () => {
    const channels = [aChannel({ name: 'c', models: '1,gpt-4.1', group: 'gpt-4' })];
    const { bindings } = plan({ channels });
    expect(aliasBindings(bindings, [withAlias('gpt-4.1', 'gpt-4', ['gpt-4', '1'])])).toEqual([]);
  });

  it('are none where no namespace could have the name', () => {
    const { bindings } = plan({ channels: [aChannel({ models: 'Big.Model' })] });
    expect(
      aliasBindings(bindings, [{ namespace: 'default', public_model: 'Big.Model', warnings: [{ remedy: {} }] }]),
    ).toEqual([]);
  });
});
