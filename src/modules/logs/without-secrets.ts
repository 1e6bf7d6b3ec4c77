/**
 * Upstreams repeat the key that they refuse ("Incorrect API key provided: sk-…"). Records are read by tenants and exported, so
 * what looks like a credential is masked before it is stored, and only its kind can be seen.
 */
export function withoutSecrets<T extends string | null>(text: T): T {
  return (text === null || text.length < SHORTEST ? text : text.replaceAll(SECRET, '$1***')) as T;
}

const SHORTEST = 16;

/** Prefixes of known providers and of our own keys, JWTs, and whatever follows `Bearer`. */
const SECRET =
  /\b((?:sk|pk|rk|gsk|xai|gh[pos]|ez[kma])[-_]|AKIA|AIza|ya29\.|eyJ(?=[\w-]+\.[\w-]+\.)|Bearer\s+)(?=[\w.-]{12})[\w.-]+/g;
