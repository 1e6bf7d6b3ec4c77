import { parseJson } from './texts.mjs';

/**
 * @typedef {object} UpstreamKey
 * @property {number} index as New API counts, from 0
 * @property {string} secret
 * @property {'active' | 'manual_disabled' | 'auto_disabled'} status
 */

/** @type {Readonly<Record<number, UpstreamKey['status']>>} */
const STATUS = { 1: 'active', 2: 'manual_disabled', 3: 'auto_disabled' };

/**
 * The credentials of a channel as New API itself reads them. The exporter cuts every text of several lines, so a service
 * account arrives as bogus keys, and its count skips the blank lines that New API's record of disabled keys counts.
 * @param {{ key: string, channel_info?: { is_multi_key?: boolean, multi_key_status_list?: Record<string, number> } | null }} row
 * @returns {UpstreamKey[]}
 */
export function upstreamKeys({ key, channel_info }) {
  const texts = channel_info?.is_multi_key ? splitKeys(key) : [key];
  const statuses = channel_info?.multi_key_status_list ?? {};
  return texts
    .map((text, index) => ({ index, secret: text.trim(), status: STATUS[statuses[index] ?? 1] ?? 'manual_disabled' }))
    .filter(({ secret }) => secret !== '');
}

/** @param {string} text */
function splitKeys(text) {
  const array = text.trim().startsWith('[') ? parseJson(text) : undefined;
  if (Array.isArray(array)) return array.map((item) => (typeof item === 'string' ? item : JSON.stringify(item)));
  return text.replaceAll(/^\n+|\n+$/g, '').split('\n');
}
