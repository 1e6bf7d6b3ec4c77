import { describe, expect, it } from '@jest/globals';
import { dayAfter, flush } from './balancing.js';
import { twoReplicas } from './replicas.js';

const at = twoReplicas();

describe('a flush', () => {
  it.each<[string, unknown, string]>([
    ['no node', { batch_id: 'b' }, '/node'],
    ['a node with a blank', { node: 'a b', batch_id: 'b' }, '/node'],
    ['no batch_id', { node: 'n' }, '/batch_id'],
    ['a batch_id with NUL', { node: 'n', batch_id: 'a\u0000' }, '/batch_id'],
    ['entries that are no list', { node: 'n', batch_id: 'b', entries: { key_id: 1 } }, '/entries'],
    ['an entry that is no object', { node: 'n', batch_id: 'b', entries: [7] }, '/entries/0'],
    ['an entry without key', { node: 'n', batch_id: 'b', entries: [{ requests: 1 }] }, '/entries/0/key_id'],
    ['a key id of 0', { node: 'n', batch_id: 'b', entries: [{ key_id: 0 }] }, '/entries/0/key_id'],
    [
      'a text for a number',
      { node: 'n', batch_id: 'b', entries: [{ key_id: 1, requests: '1' }] },
      '/entries/0/requests',
    ],
    [
      'less than nothing',
      { node: 'n', batch_id: 'b', entries: [{ key_id: 1, quota_units: -1 }] },
      '/entries/0/quota_units',
    ],
    ['half a request', { node: 'n', batch_id: 'b', entries: [{ key_id: 1, requests: 0.5 }] }, '/entries/0/requests'],
    [
      'too many tokens',
      { node: 'n', batch_id: 'b', entries: [{ key_id: 1, input_tokens: 1e15 }] },
      '/entries/0/input_tokens',
    ],
    ['a negative cost', { node: 'n', batch_id: 'b', entries: [{ key_id: 1, cost_usd: -0.01 }] }, '/entries/0/cost_usd'],
    [
      'a cost of more than a million',
      { node: 'n', batch_id: 'b', entries: [{ key_id: 1, cost_usd: 1e300 }] },
      '/entries/0/cost_usd',
    ],
    [
      'a period off the calendar',
      { node: 'n', batch_id: 'b', entries: [{ key_id: 1, period: '2026-02-30' }] },
      '/entries/0/period',
    ],
    [
      'a time without zone',
      { node: 'n', batch_id: 'b', entries: [{ key_id: 1, last_used_at: '2026-01-01T00:00:00' }] },
      '/entries/0/last_used_at',
    ],
    [
      'a time off the calendar',
      { node: 'n', batch_id: 'b', entries: [{ key_id: 1, last_used_at: '2026-02-30T00:00:00Z' }] },
      '/entries/0/last_used_at',
    ],
    [
      'a time more than an hour ahead',
      { node: 'n', batch_id: 'b', entries: [{ key_id: 1, last_used_at: Date.now() / 1000 + 4_000 }] },
      '/entries/0/last_used_at',
    ],
    [
      'a period that has begun nowhere',
      { node: 'n', batch_id: 'b', entries: [{ key_id: 1 }, { key_id: 1, period: dayAfter(2) }] },
      '/entries/1/period',
    ],
    [
      'a time before 1970',
      { node: 'n', batch_id: 'b', entries: [{ key_id: 1, last_used_at: -1 }] },
      '/entries/0/last_used_at',
    ],
    [
      'a field nobody knows',
      { node: 'n', batch_id: 'b', entries: [{ key_id: 1, master_id: 2 }] },
      '/entries/0/master_id',
    ],
    [
      'errors that are no number',
      { node: 'n', batch_id: 'b', providers: [{ provider_id: 1, errors: [] }] },
      '/providers/0/errors',
    ],
    [
      '1,001 entries',
      { node: 'n', batch_id: 'b', entries: Array.from({ length: 1001 }, () => ({ key_id: 1 })) },
      '/entries',
    ],
  ])('with %s is refused', async (_, body, pointer) => {
    const answer = await flush(at.app, body);
    expect(answer.status).toBe(400);
    if (answer.body.code !== 'malformed_body') expect(answer.body.errors[0].pointer).toBe(pointer);
  });
});
