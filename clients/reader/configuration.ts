import { HASH_OF, type HashKind } from '../../src/contract/redis-keys.js';
import type {
  BindingSnapshot,
  ModelSnapshot,
  NamespaceSnapshot,
  ProviderSnapshot,
} from '../../src/contract/snapshots.js';
import type { Version } from '../../src/contract/sync-records.js';
import type { SecretOpener } from './sealed-secret.js';

interface Kinds {
  provider: ProviderSnapshot;
  binding: BindingSnapshot;
  model: ModelSnapshot;
  feature: unknown;
  namespace: NamespaceSnapshot;
}

/** Kinds that are held in memory. Client keys are not: there may be a million, and each is one O(1) read away. */
export type LoadedKind = keyof Kinds & HashKind;

export const LOADED_KINDS = ['namespace', 'feature', 'provider', 'model', 'binding'] as const satisfies LoadedKind[];

/** Everything that routing needs, by the names under which Redis has it. */
export class Configuration implements Record<LoadedKind, ReadonlyMap<string, unknown>> {
  readonly provider = new Map<string, ProviderSnapshot>();
  readonly binding = new Map<string, BindingSnapshot>();
  readonly model = new Map<string, ModelSnapshot>();
  readonly feature = new Map<string, unknown>();
  readonly namespace = new Map<string, NamespaceSnapshot>();
  /** Up to where the change stream was read into it. */
  position: string | undefined;
  private readonly unreadable = new Map<string, Unreadable>();

  constructor(
    /** Which database wrote it. */
    readonly source: string,
    /** The version of the marker up to which it was followed. */
    public reached: Version,
    private readonly openSecret: SecretOpener,
  ) {}

  /** Why it is not quite what Redis holds; undefined: it is. */
  get refusal(): string | undefined {
    const [first] = this.unreadable.values();
    return first && `${HASH_OF[first.kind]} ${first.field}: ${first.reason}`;
  }

  /** `payload` is null for a field that is gone. One that can't be read leaves the last good one in its place. */
  set(kind: LoadedKind, field: string, payload: string | null): void {
    const place = `${kind} ${field}`;
    this.unreadable.delete(place);
    try {
      if (payload === null) this[kind].delete(field);
      else this.put(kind, field, this.parse(kind, payload));
    } catch (error) {
      this.unreadable.set(place, { kind, field, reason: (error as Error).message });
    }
  }

  /** Takes from the one that it replaces what it could not read itself. */
  keepLastGood(older: Configuration): void {
    for (const { kind, field } of this.unreadable.values()) {
      if (older[kind].has(field)) this.put(kind, field, older[kind].get(field));
    }
  }

  private put(kind: LoadedKind, field: string, value: unknown): void {
    (this[kind] as Map<string, unknown>).set(field, value);
  }

  private parse(kind: LoadedKind, payload: string): unknown {
    const value: unknown = JSON.parse(payload);
    if (kind === 'feature') return value;
    if (typeof value !== 'object' || value === null) throw new Error('not an object');
    if (kind === 'binding' && !Array.isArray((value as BindingSnapshot).candidates)) throw new Error('no candidates');
    if (kind !== 'provider') return value;
    return { ...value, api_key: this.openSecret(value as ProviderSnapshot) };
  }
}

interface Unreadable {
  kind: LoadedKind;
  field: string;
  reason: string;
}
