import { isName } from './names.mjs';
import { itemsOf, parseJson } from './texts.mjs';

/**
 * What clients may ask a channel for, and what it then asks its upstream for.
 * @param {{ models: string, model_mapping: string | null }} row
 * @param {(text: string) => void} tell
 * @returns {Map<string, string>} public model → upstream model
 */
export function publicModels({ models, model_mapping }, tell) {
  const listed = itemsOf(models);
  const mapping = readMapping(model_mapping, tell);
  const unlisted = [...mapping.keys()].filter((model) => !listed.includes(model));
  if (unlisted.length > 0)
    tell(`its model_mapping also names ${unlisted.join(', ')}, which it does not list: published as well`);

  const found = new Map();
  for (const model of [...listed, ...unlisted]) {
    const upstream = follow(mapping, model);
    if (upstream === undefined) tell(`its model_mapping leads ${model} in a circle: left out`);
    else if (!isName(model)) tell(`"${model}" cannot be the name of a model here: left out`);
    else found.set(model, upstream);
  }
  return found;
}

/** @returns {Map<string, string>} */
function readMapping(text, tell) {
  if (!text) return new Map();
  const mapping = parseJson(text);
  if (mapping === null || typeof mapping !== 'object' || Array.isArray(mapping)) {
    tell('its model_mapping is no JSON object: ignored');
    return new Map();
  }
  return new Map(
    Object.entries(mapping).filter(([, upstream]) => typeof upstream === 'string' && upstream.trim() !== ''),
  );
}

/**
 * New API maps what it mapped, until a name stands for itself.
 * @param {Map<string, string>} mapping
 * @param {string} model
 * @returns {string | undefined} undefined: it never does
 */
function follow(mapping, model) {
  const passed = new Set();
  let current = model;
  for (let next = mapping.get(current); next !== undefined && next !== current; next = mapping.get(current)) {
    if (passed.has(current)) return undefined;
    passed.add(current);
    current = next;
  }
  return current;
}
