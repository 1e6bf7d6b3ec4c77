import { randomUUID } from 'node:crypto';

/** 1–128 letters, digits and `. _ : / @ + -` in any script, no blanks. */
export const NAME_PATTERN = /^[\p{L}\p{N}._:/@+-]{1,128}$/u;

/** No dot: the first dot of a model name ends the namespace. */
export const NAMESPACE_PATTERN = /^[a-z0-9][a-z0-9_-]{0,62}$/;

/** The same, or nothing. */
export const orEmpty = ({ source, flags }: RegExp): RegExp => new RegExp(`^$|${source}`, flags);

export const REQUEST_ID_PATTERN = /^[A-Za-z0-9._-]{1,64}$/;

export const REQUEST_ID_HEADER = 'X-Request-ID';

/** 32 hexadecimal digits. Random UUIDs are drawn in advance, which is ten times as fast as to ask for random bytes each time. */
export const newRequestId = (): string => randomUUID().replaceAll('-', '');

/** The caller's request id if it is one, else a new one. */
export const requestId = (header: string | undefined): string =>
  header !== undefined && REQUEST_ID_PATTERN.test(header) ? header : newRequestId();

export const DEFAULT_ROUTE_GROUP = 'default';

export const normalizeRouteGroup = (group: string | null | undefined): string => trimmedOr(DEFAULT_ROUTE_GROUP, group);

export const PROVIDER_TYPES = [
  'openai',
  'compatible',
  'anthropic',
  'claude',
  'claude-code',
  'codex',
  'gemini-cli',
  'antigravity',
  'gemini',
  'google',
  'aistudio',
  'vertex',
  'vertex-express',
] as const;

export type ProviderType = (typeof PROVIDER_TYPES)[number];

/** `undefined`: no balancer has an adapter for it. */
export function normalizeProviderType(text: string): ProviderType | undefined {
  const wanted = text.trim().toLowerCase();
  return PROVIDER_TYPES.find((type) => type === wanted);
}

/** Vertex addresses are built from the location, so an empty one has to mean something. */
export const googleLocation = (type: ProviderType, location: string | null | undefined): string =>
  trimmedOr(VERTEX.has(type) ? 'global' : '', location);

const VERTEX: ReadonlySet<ProviderType> = new Set(['vertex', 'vertex-express']);

export const MODEL_KINDS = ['chat', 'embedding', 'rerank', 'other'] as const;

export type ModelKind = (typeof MODEL_KINDS)[number];

/** Empty is a chat model, an unknown kind is `other`: a reader always gets one of the four. */
export function normalizeModelKind(text: string | null | undefined): ModelKind {
  const wanted = trimmedOr('chat', text).toLowerCase();
  return MODEL_KINDS.find((kind) => kind === wanted) ?? 'other';
}

export const SELECTOR_TYPES = ['exact', 'normalize_exact', 'regex'] as const;

export type SelectorType = (typeof SELECTOR_TYPES)[number];

function trimmedOr(fallback: string, text: string | null | undefined): string {
  const trimmed = text?.trim() ?? '';
  return trimmed === '' ? fallback : trimmed;
}
