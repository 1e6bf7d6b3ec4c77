import { readFileSync } from 'node:fs';

import { describe, expect, it } from '@jest/globals';

import { readChannels } from '../../bin/lib/tour/channels.mjs';
import { upstreamOf } from '../../bin/lib/tour/channel-types.mjs';
import { aChannel } from './export-rows.js';

const exported = JSON.parse(readFileSync('test/fixtures/newapi-export.json', 'utf8')) as Parameters<
  typeof readChannels
>[0];

function read(...rows: object[]) {
  const notes: string[] = [];
  const file = { data: { providers: rows.map((_original) => ({ _original })) } };
  const channels = readChannels(file, (subject, remark) => notes.push(`${subject}: ${remark}`));
  return { channels, notes };
}

describe('the channels of an export', () => {
  it('are whole again, whatever the exporter has cut them into', () => {
    const channels = readChannels(exported, () => undefined);
    expect(channels.map(({ name, type, keys }) => [name, type, keys.length])).toEqual([
      ['openai-main', 'openai', 3],
      ['vertex-one', 'vertex', 1],
      ['vertex-array', 'vertex', 1],
      ['newapi-upstream', 'compatible', 1],
    ]);
    expect(JSON.parse(channels[1]!.keys[0]!.secret)).toEqual({ type: 'service_account', project_id: 'p' });
  });

  it('that were not exported are named, if a warning does', () => {
    const notes: string[] = [];
    readChannels(exported, (subject) => notes.push(subject));
    expect(notes[0]).toBe('codex-empty');
  });

  it('of one name get different ones', () => {
    const { channels } = read(aChannel({ name: 'x' }), aChannel({ name: 'x' }), aChannel({ name: 'Ünser Kanal!' }));
    const [first, second, third] = channels.map(({ name }) => name);
    expect(first).toBe('x');
    expect(second).toMatch(/^x-\d+$/);
    expect(third).toBe('Ünser-Kanal-');
  });

  it('in two groups are in both, and in "default" without any', () => {
    const { channels } = read(aChannel({ group: 'vip, default,vip' }), aChannel({ group: '' }));
    expect(channels.map(({ groups }) => groups)).toEqual([['vip', 'default'], ['default']]);
  });

  it('that were disabled by hand stay so as groups, by failure as keys', () => {
    const { channels } = read(aChannel({ status: 2 }), aChannel({ status: 3 }));
    expect(channels.map(({ status, keys }) => [status, keys[0]!.status])).toEqual([
      ['disabled', 'active'],
      ['active', 'auto_disabled'],
    ]);
  });

  it('of a vendor without an adapter are disabled, and the reason is stated', () => {
    const { channels, notes } = read(aChannel({ name: 'mj', type: 2 }));
    expect(channels[0]).toMatchObject({ type: 'compatible', status: 'disabled' });
    expect(notes).toEqual(['mj: imported disabled: balancers have no adapter for midjourney']);
  });

  it('share the load by weight, never by priority', () => {
    const { channels, notes } = read(aChannel({ weight: 5, priority: 10 }), aChannel({ weight: null, priority: 0 }));
    expect(channels.map(({ weight }) => weight)).toEqual([5, 1]);
    expect(notes).toHaveLength(1);
    expect(notes[0]).toContain('priority 10 is a tier of fail-over');
  });

  it('of Vertex carry the project of their accounts, if it is one, and the location', () => {
    const [a, b] = ['{"project_id":"a"}', '{"project_id":"b"}'];
    const { channels } = read(
      aChannel({ type: 41, key: a, other: 'europe-west4' }),
      aChannel({ type: 41, key: `[${a},${b}]`, channel_info: { is_multi_key: true }, other: '{"default":"us-east1"}' }),
    );
    expect(channels.map(({ google_project, google_location }) => [google_project, google_location])).toEqual([
      ['a', 'europe-west4'],
      ['', 'us-east1'],
    ]);
  });

  it('name what is not carried over', () => {
    const { notes } = read(aChannel({ name: 'c', param_override: '{"top_p":1}', setting: '{}', settings: '' }));
    expect(notes).toEqual(['c: not carried over: param_override']);
  });
});

describe('the models of a channel', () => {
  const modelsOf = (row: object) => Object.fromEntries(read(aChannel(row)).channels[0]!.models);

  it('are its list without blanks, mapped as often as New API maps them', () => {
    const model_mapping = '{"a":"b","b":"c","d":"d"}';
    expect(modelsOf({ models: 'a, ,d,e', model_mapping })).toEqual({ a: 'c', b: 'c', d: 'd', e: 'e' });
  });

  it('leave out what is mapped in a circle or cannot be a name', () => {
    const model_mapping = '{"a":"b","b":"a"}';
    expect(modelsOf({ models: 'a,two words,c', model_mapping })).toEqual({ c: 'c' });
  });

  it('do without a mapping that cannot be read', () => {
    expect(modelsOf({ models: 'a', model_mapping: '{broken' })).toEqual({ a: 'a' });
  });
});

describe('the upstream of a channel type', () => {
  it('has the address that New API would use, unless the channel names one', () => {
    expect(upstreamOf(43, '')).toEqual({ type: 'compatible', base_url: 'https://api.deepseek.com' });
    expect(upstreamOf(43, 'https://eu.example')).toEqual({ type: 'compatible', base_url: 'https://eu.example' });
  });

  it('is never OpenAI by silence', () => {
    expect(upstreamOf(60, '')).toMatchObject({ unusable: 'newapi has no usual address, and the channel names none' });
  });

  it('is known for the types that the exporter calls custom', () => {
    expect(upstreamOf(57, '').type).toBe('codex');
    expect(upstreamOf(60, 'https://up.example').unusable).toBeUndefined();
  });

  it('is unusable for a type that New API may get some day', () => {
    expect(upstreamOf(999, '')).toMatchObject({ unusable: 'balancers have no adapter for type 999' });
  });
});
