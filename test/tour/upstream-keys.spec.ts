import { describe, expect, it } from '@jest/globals';

import { upstreamKeys } from '../../bin/lib/tour/upstream-keys.mjs';

const MULTI = { is_multi_key: true };

describe('the credentials of a channel', () => {
  it('are one text, line ends included, unless it is a multi-key channel', () => {
    const account = '{\n  "type": "service_account"\n}';
    expect(upstreamKeys({ key: account, channel_info: null })).toEqual([
      { index: 0, secret: account, status: 'active' },
    ]);
    expect(upstreamKeys({ key: 'sk-a\nsk-b', channel_info: { is_multi_key: false } })).toHaveLength(1);
  });

  it('are the lines of a multi-key channel, without blanks around them', () => {
    const keys = upstreamKeys({ key: '\nsk-a\n sk-b \r\n', channel_info: MULTI });
    expect(keys.map(({ secret }) => secret)).toEqual(['sk-a', 'sk-b']);
  });

  it('are the items of a JSON array in a multi-key channel', () => {
    const keys = upstreamKeys({ key: ' ["sk-a", {"project_id": "p"}]', channel_info: MULTI });
    expect(keys.map(({ secret }) => secret)).toEqual(['sk-a', '{"project_id":"p"}']);
  });

  it('are lines if what looks like an array is none', () => {
    expect(upstreamKeys({ key: '[a\nb', channel_info: MULTI })).toHaveLength(2);
  });

  it('keep the state of each, counted with the blank lines between them', () => {
    const channel_info = { ...MULTI, multi_key_status_list: { '1': 3, '2': 2 } };
    expect(upstreamKeys({ key: 'sk-a\n\nsk-b\nsk-c', channel_info })).toEqual([
      { index: 0, secret: 'sk-a', status: 'active' },
      { index: 2, secret: 'sk-b', status: 'manual_disabled' },
      { index: 3, secret: 'sk-c', status: 'active' },
    ]);
  });

  it('are none for an empty key', () => {
    expect(upstreamKeys({ key: '', channel_info: null })).toEqual([]);
  });
});
