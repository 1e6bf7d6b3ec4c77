/**
 * Upstreams repeat the key that they refuse ("Incorrect API key provided: sk-…"). What they said is stored, in access logs and as the
 * reason of a ban, is read by others and exported: what looks like a credential is masked before, and only its kind can be seen.
 */
export function withoutSecrets<T extends string | null>(text: T): T {
  if (text === null || text.length < SHORTEST || !MAY_BE.test(text)) return text;
  return text.replaceAll(HEADER, '$1***').replaceAll(SCHEME, '$1***').replaceAll(TOKEN, '$1***') as T;
}

/** In every text of a JSON value. One by one: in JSON as a whole an escape would stand where a word begins. */
export function withoutSecretsIn(value: unknown): unknown {
  if (typeof value === 'string') return withoutSecrets(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(withoutSecretsIn);
  return Object.fromEntries(
    Object.entries(value).map(([name, part]) => [withoutSecrets(name), maskedField(name, part)]),
  );
}

const maskedField = (name: string, value: unknown): unknown =>
  SECRET_FIELD.test(name) && typeof value === 'string' ? '***' : withoutSecretsIn(value);

const SHORTEST = 12;

/** Fields and headers whose value is a credential, whatever it looks like. */
const SECRET_FIELD = /^(?:(?:proxy-)?authorization|(?:x-)?api[-_]?key)$/i;
const HEADER =
  /\b((?:authorization|api[-_]?key)["']?\s{0,4}[:=]\s{0,4}["']?(?:(?:Bearer|Basic|Token)\s{1,4})?)[^\s"',;]+/gi;

const SCHEME = /\b((?:Bearer|Basic)\s{1,4})[\w.+/=~-]{8,}/gi;

/** Most texts have nothing of what is looked for below: one look is enough for them. */
const MAY_BE =
  /authorization|api[-_]?key|bearer|basic|\b(?:sk|pk|rk|gsk|xai|gh[pos]|ez[kma])[-_]|\b(?:AKIA|AIza|ya29\.|eyJ)/i;

/** Prefixes of known providers and of our own keys, and JWTs. */
const TOKEN =
  /\b((?:sk|pk|rk|gsk|xai|gh[pos]|ez[kma])[-_]|AKIA|AIza|ya29\.|(?<![\w-])eyJ(?=[\w-]+\.[\w-]+\.))(?=[\w.-]{12})[\w.-]+/gi;
