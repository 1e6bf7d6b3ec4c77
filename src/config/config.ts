import { SETTINGS, type Values } from './variables.js';

/** Where a value came from. */
export type Source = 'environment' | 'file' | 'default' | 'generated';

/** The configuration, nested like the YAML file: what each field means stands in variables.ts. */
export class Config {
  readonly server!: Values['server'];
  readonly postgres!: Values['postgres'];
  readonly redis!: Values['redis'];
  readonly cache_redis!: Values['cache_redis'];
  readonly auth!: Values['auth'];
  readonly encryption!: Values['encryption'];
  readonly outbound!: Values['outbound'];
  readonly sync_outbox!: Values['sync_outbox'];
  readonly canary!: Values['canary'];
  readonly log!: Values['log'];
  readonly model_registry!: Values['model_registry'];
  readonly quota!: Values['quota'];

  constructor(
    values: Values,
    readonly production: boolean,
    /** By the name of the variable. */
    readonly sources: ReadonlyMap<string, Source>,
    /** The YAML file that was read, if there was one. */
    readonly file?: string,
  ) {
    Object.assign(this, values);
  }

  /** Names of the secrets that nobody set: they stand in the data folder, made at the first start. */
  get generated(): string[] {
    return SETTINGS.map(({ env }) => env).filter((env) => this.sources.get(env) === 'generated');
  }
}
