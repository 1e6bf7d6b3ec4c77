const NAME = /^[\p{L}\p{N}._:/@+-]{1,128}$/u;
const UNFIT = /[^\p{L}\p{N}._:/@+-]+/gu;

/** @param {string} text */
export const isName = (text) => NAME.test(text);

/**
 * A name that the gateway accepts and nobody else has; other gateways neither limit nor tell apart theirs.
 * @param {string} text
 * @param {Set<string>} taken gets the name
 * @param {number} id what tells two of the same name apart
 */
export function uniqueName(text, taken, id) {
  const name = text.trim().replaceAll(UNFIT, '-').slice(0, 100) || 'unnamed';
  return claim([name, `${name}-${id}`], taken);
}

/**
 * The namespaces of New API's groups, which are any text. A namespace has no dot, for the first dot of a model name ends it.
 * @param {Iterable<string>} groups
 * @returns {Map<string, string>} group → namespace
 */
export function namespacesOf(groups) {
  const taken = new Set();
  return new Map([...new Set(groups)].map((group) => [group, claim([slug(group)], taken)]));
}

/** @param {string} group */
function slug(group) {
  const text = group.toLowerCase().replaceAll(/[^a-z0-9_-]+/g, '-');
  return text.replaceAll(/^[-_]+|-+$/g, '').slice(0, 50) || 'group';
}

/**
 * @param {string[]} wishes the last one is varied until it is free
 * @param {Set<string>} taken
 */
function claim(wishes, taken) {
  let name = wishes.find((wish) => !taken.has(wish));
  for (let n = 2; name === undefined; n++) {
    const variant = `${wishes.at(-1)}-${n}`;
    if (!taken.has(variant)) name = variant;
  }
  taken.add(name);
  return name;
}
