import net from 'node:net';

import { isName } from './names.mjs';

/**
 * Limits, quota and status of a token.
 * @param {any} token
 * @param {number} exportedAt
 * @param {(text: string) => void} tell
 */
export function readToken(token, exportedAt, tell) {
  const quota = quotaOf(token);
  const { allow_ips, isShut } = addressesOf(token.allow_ips, tell);
  const reason = isShut ? 'none of its addresses can be read' : reasonToSuspend(token, quota, exportedAt);
  if (reason) tell(`imported suspended: ${reason}`);
  return {
    status: reason ? 'suspended' : 'active',
    model_limits_enabled: token.model_limits_enabled === true,
    model_limits: modelLimits(token.model_limits ?? [], tell),
    allow_ips,
    ...(token.expires_at && { expires_at: token.expires_at }),
    ...quota,
  };
}

/** The export calls the remainder the limit, and it can be below zero. @returns {{ quota_limit?: number, quota_used?: number }} */
function quotaOf({ unlimited_quota, quota_limit: remainder = 0, quota_used = 0 }) {
  return unlimited_quota
    ? {}
    : { quota_limit: Math.max(0, remainder + quota_used), quota_used: Math.max(0, quota_used) };
}

/** Here expiry and exhaustion are seen by themselves. New API keeps them as a status, which somebody has to take back. */
function reasonToSuspend({ status, expires_at }, { quota_limit, quota_used }, exportedAt) {
  const isExpired = expires_at !== undefined && Date.parse(expires_at) <= exportedAt;
  const isExhausted = quota_limit !== undefined && quota_used >= quota_limit;
  if (status === 'active' || (status === 'expired' && isExpired) || (status === 'exhausted' && isExhausted))
    return undefined;
  return status === 'disabled' ? 'it was disabled' : `New API says ${status}, though nothing else does`;
}

/** New API separates addresses by line ends, the exporter cuts at commas. */
function addressesOf(texts, tell) {
  const entries = [...new Set(texts.flatMap((text) => text.split(/[\s,]+/)))].filter((entry) => entry !== '');
  const allow_ips = entries.filter((entry) => isAddressOrBlock(entry));
  const unread = entries.filter((entry) => !allow_ips.includes(entry));
  if (unread.length > 0) tell(`allowed addresses that are none: ${unread.join(' ')}: left out`);
  // No addresses at all means all of them, so dropping the last one would open the key to everybody.
  return { allow_ips, isShut: entries.length > 0 && allow_ips.length === 0 };
}

/** @param {string} entry */
function isAddressOrBlock(entry) {
  const [address, bits, ...rest] = entry.split('/');
  const version = net.isIP(address);
  if (version === 0 || address.includes('%') || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
}

/** @param {string[]} models @param {(text: string) => void} tell */
function modelLimits(models, tell) {
  const unfit = models.filter((model) => !isName(model));
  if (unfit.length > 0) tell(`allowed models that cannot have their names here: ${unfit.join(', ')}: left out`);
  return [...new Set(models.filter((model) => isName(model)))];
}
