import { upstreamOf } from './channel-types.mjs';
import { uniqueName } from './names.mjs';
import { publicModels } from './public-models.mjs';
import { itemsOf } from './texts.mjs';
import { upstreamKeys } from './upstream-keys.mjs';
import { vertexPlace } from './vertex-place.mjs';

/** @typedef {(subject: string, text: string) => void} Note takes down what could not be kept, or was read differently */

/**
 * @typedef {object} Channel a provider group to be
 * @property {string} name
 * @property {string} type
 * @property {string} base_url
 * @property {string} google_project
 * @property {string} google_location
 * @property {'active' | 'disabled'} status
 * @property {string[]} groups
 * @property {Map<string, string>} models public model → upstream model
 * @property {number} weight
 * @property {boolean} auto_ban
 * @property {import('./upstream-keys.mjs').UpstreamKey[]} keys
 */

const MANUALLY_DISABLED = 2;
const AUTO_DISABLED = 3;
const DROPPED = [
  'status_code_mapping',
  'param_override',
  'header_override',
  'setting',
  'settings',
  'openai_organization',
];

/**
 * The channels behind the exporter's providers, one of which it makes of every line of a channel's key. Each repeats the
 * whole row in `_original`, and that is what counts.
 * @param {{ data: { providers?: any[] }, warnings?: string[] }} file
 * @param {Note} note
 * @returns {Channel[]}
 */
export function readChannels({ data, warnings = [] }, note) {
  const rows = new Map((data.providers ?? []).map(({ _original }) => [_original.id, _original]));
  const taken = new Set();
  noteMissing(rows, warnings, note);
  return [...rows.values()].map((row) => readChannel(row, uniqueName(row.name, taken, row.id), note));
}

/** A channel whose key is empty has no provider at all, and shows only if something else about it was worth a warning. */
function noteMissing(rows, warnings, note) {
  const missing = new Map();
  for (const warning of warnings) {
    const [, name, id] = /^Channel '(.*?)' \(ID=(\d+)\)/.exec(warning) ?? [];
    if (id !== undefined && !rows.has(Number(id))) missing.set(id, name);
  }
  for (const name of missing.values()) note(name, 'only a warning names it: it had no key, and was not exported');
}

/** @returns {Channel} */
function readChannel(row, name, note) {
  const tell = (text) => note(name, text);
  const { type, base_url, unusable } = upstreamOf(row.type, row.base_url ?? '');
  if (unusable) tell(`imported disabled: ${unusable}`);
  if (name !== row.name) tell(`was called "${row.name}"`);
  const keys = readKeys(row, tell);
  const groups = itemsOf(row.group ?? '');
  noteDropped(row, tell);
  return {
    name,
    type,
    base_url,
    ...vertexPlace(type, row, keys, tell),
    status: unusable || row.status === MANUALLY_DISABLED ? 'disabled' : 'active',
    groups: groups.length > 0 ? groups : ['default'],
    models: publicModels(row, tell),
    weight: Math.max(1, row.weight ?? 1),
    auto_ban: (row.auto_ban ?? 1) === 1,
    keys,
  };
}

/** Auto-disabled is the state of a credential that failed, which can recover; manually disabled is somebody's wish. */
function readKeys(row, tell) {
  const keys = upstreamKeys(row);
  if (!row.channel_info?.is_multi_key && /^\[/.test(row.key.trim())) {
    tell('its key is a JSON array, but it is no multi-key channel: one key, as New API sends it');
  }
  noteBlankLines(row, keys, tell);
  if (row.status !== AUTO_DISABLED) return keys;
  return keys.map((key) => ({ ...key, status: key.status === 'active' ? 'auto_disabled' : key.status }));
}

function noteBlankLines({ channel_info }, keys, tell) {
  const disabled = Object.entries(channel_info?.multi_key_status_list ?? {}).filter(([, status]) => status !== 1);
  const blank = disabled.filter(([line]) => !keys.some(({ index }) => index === Number(line)));
  for (const [line] of blank)
    tell(`New API disabled its key ${line}, counted from 0: a blank line, so all others stay on`);
}

function noteDropped(row, tell) {
  if (row.priority) tell(`priority ${row.priority} is a tier of fail-over: only its weight counts here`);
  const dropped = DROPPED.filter((field) => row[field] && row[field] !== '{}');
  if (dropped.length > 0) tell(`not carried over: ${dropped.join(', ')}`);
}
