import { KeyRing } from '../common/envelope.js';
import type { Config } from '../config/config.js';
import type { SyncKind } from '../contract/redis-keys.js';
import { providerSource } from '../modules/api-keys/provider.source.js';
import { bindingSource } from '../modules/bindings/binding.source.js';
import { featureSource } from '../modules/features/feature.source.js';
import { keySource } from '../modules/keys/key.source.js';
import { masterSource } from '../modules/masters/master.source.js';
import { modelsMetaSource, modelSource } from '../modules/models/model.source.js';
import { namespaceSource } from '../modules/namespaces/namespace.source.js';

/** How one kind of resource gets from PostgreSQL to Redis. */
export interface Source {
  /** Reads `sync_resource s` with the facts beside it, up to where a WHERE can follow. */
  readonly sql: string;
  /** A row as Redis is to hold it. Throws if it can't be said. */
  image(row: never): Image;
  /** Whether two fields say the same, where that isn't the same text. */
  isSame?(a: string, b: string): boolean;
}

export interface Image {
  /** The value in the hash of the kind; undefined: no such field. */
  field?: string;
  /** The whole-key record; undefined: no such key. */
  record?: Record<string, string>;
}

/** A kind that is missing here does not compile. */
export type Sources = Readonly<Record<SyncKind, Source>>;

export function createSources({ encryption }: Pick<Config, 'encryption'>): Sources {
  const inRedis = encryption.dp_key === '' ? undefined : new KeyRing([encryption.dp_key]);
  return {
    provider: providerSource(new KeyRing(encryption.keys), inRedis),
    key: keySource,
    binding: bindingSource,
    model: modelSource,
    feature: featureSource,
    namespace: namespaceSource,
    master: masterSource,
    models_meta: modelsMetaSource,
  };
}
