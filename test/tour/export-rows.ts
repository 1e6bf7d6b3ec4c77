let lastId = 0;

/** A row of New API's table of channels, as the exporter repeats it. */
export const aChannel = (fields: object = {}): object => {
  const id = ++lastId;
  return {
    id,
    type: 1,
    key: `sk-${id}`,
    status: 1,
    name: `channel-${id}`,
    weight: 0,
    base_url: '',
    other: '',
    models: 'gpt-4o',
    group: 'default',
    model_mapping: null,
    priority: 0,
    auto_ban: 1,
    channel_info: null,
    ...fields,
  };
};

/** An exported user. */
export const aUser = (fields: object = {}): object => ({
  name: 'alice',
  group: 'default',
  status: 'active',
  _source_user_id: ++lastId,
  ...fields,
});

/** An exported token. */
export const aToken = (fields: object = {}): object => ({
  master_ref: 'alice',
  original_token: 'T'.repeat(48),
  status: 'active',
  scopes: ['chat:*', 'completions:*'],
  namespaces: [''],
  unlimited_quota: true,
  _original_id: ++lastId,
  ...fields,
});
