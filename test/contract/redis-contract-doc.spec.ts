import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import * as keys from '../../src/contract/redis-keys.js';
import { ACK_TTL_SECONDS } from '../../src/contract/sync-records.js';
import { PROVIDER_TYPES, SELECTOR_TYPES } from '../../src/contract/names.js';

const { redisKeys, SYNC_KINDS } = keys;
const DOC = readFileSync(new URL('../../docs/redis-contract.md', import.meta.url), 'utf8');

/** Template functions are called with the placeholders that the page shows. */
const PLACEHOLDERS = {
  token: redisKeys.token('{token_hash}'),
  master: redisKeys.master('{master_id}'),
  ack: redisKeys.ack('{node}'),
  rtMaster: redisKeys.rtMaster('{id}', '{unix minute}' as never),
  rtKey: redisKeys.rtKey('{id}', '{unix minute}' as never),
  rtProvider: redisKeys.rtProvider('{id}', '{unix minute}' as never),
  rtMasterQps: redisKeys.rtMasterQps('{id}', '{unix second}' as never),
  quota: redisKeys.quota('{key_id}', '{quota_period}'),
  stickySession: redisKeys.stickySession('{group_id}', '{session_key}'),
  modelLoad: redisKeys.modelLoad('{account_id}', '{model}'),
  modelLastUsed: redisKeys.modelLastUsed('{account_id}', '{model}'),
};
const COMPANIONS = [
  keys.versionsOf(redisKeys.keys),
  keys.markerOf(redisKeys.keys),
  ...[keys.stageOf, keys.stageVersionsOf, keys.stageSeqOf].map((nameOf) => nameOf(redisKeys.keys, '{nonce}')),
];

describe('docs/redis-contract.md', () => {
  it.each(Object.entries({ ...redisKeys, ...PLACEHOLDERS }))('names %s', (_, name) => {
    expect(DOC).toContain(`\`${name}\``);
  });

  it.each(COMPANIONS)('explains the companion %s', (name) => {
    expect(DOC).toContain(`\`${name}\``);
  });

  it.each([...SYNC_KINDS, ...PROVIDER_TYPES, ...SELECTOR_TYPES])('knows the word %s', (word) => {
    expect(DOC).toContain(`\`${word}\``);
  });

  it('gives an acknowledgement the life that the control plane counts on', () => {
    expect(DOC).toContain(`EXPIRE ${redisKeys.ack('{node}')} ${ACK_TTL_SECONDS}\``);
  });

  it.each([
    'provider.json',
    'key-full.json',
    'auth-token.json',
    'auth-master.json',
    'model.json',
    'binding.json',
    'namespace-plain.json',
    'refresh-hint.json',
  ])('shows %s as it is stored', (file) => {
    expect(DOC).toContain(readFileSync(new URL(`golden/${file}`, import.meta.url), 'utf8'));
  });
});
