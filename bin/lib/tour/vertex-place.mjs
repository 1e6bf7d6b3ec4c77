import { parseJson } from './texts.mjs';

const LOCATION = /^[A-Za-z0-9-]{1,64}$/;

/**
 * Project and location of a Vertex channel: the first stands in its service accounts, the second in the column `other`,
 * as text or as JSON by model.
 * @param {string} type
 * @param {{ other?: string }} row
 * @param {import('./upstream-keys.mjs').UpstreamKey[]} keys
 * @param {(text: string) => void} tell
 */
export function vertexPlace(type, { other }, keys, tell) {
  if (type !== 'vertex') return { google_project: '', google_location: '' };
  const projects = new Set(keys.map(({ secret }) => parseJson(secret)?.project_id ?? ''));
  const [project] = projects;
  return {
    // Credentials of several projects cannot share one; each still names its own.
    google_project: projects.size === 1 && typeof project === 'string' ? project : '',
    google_location: locationOf(other?.trim() ?? '', tell),
  };
}

function locationOf(other, tell) {
  if (other === '' || LOCATION.test(other)) return other;
  const byModel = parseJson(other);
  const location = byModel?.default;
  tell('has a location for each model, for which there is no counterpart: only the default one is kept');
  return typeof location === 'string' && LOCATION.test(location) ? location : '';
}
