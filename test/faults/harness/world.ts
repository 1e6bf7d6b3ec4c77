import type { Json } from '../../support/http.js';

export const KINDS = [
  'namespaces',
  'masters',
  'keys',
  'provider-groups',
  'api-keys',
  'models',
  'bindings',
  'features',
] as const;

export type Kind = (typeof KINDS)[number];

export interface Known {
  id: number;
  name: string;
  /** Of a key. */
  master: number;
}

/** What the writers believe to exist. They may be wrong: somebody else was faster, or an answer was lost. */
export class World {
  private readonly things: Record<Kind, Known[]> = Object.fromEntries(
    KINDS.map((kind) => [kind, [] as Known[]]),
  ) as never;
  private names = 0;

  all(kind: Kind): readonly Known[] {
    return this.things[kind];
  }

  newName(word: string): string {
    return `${word}-${++this.names}`;
  }

  add(kind: Kind, body: Json): void {
    this.things[kind].push({ id: body.id, name: body.name ?? '', master: body.master_id ?? 0 });
  }

  remove(kind: Kind, id: number): void {
    this.things[kind] = this.things[kind].filter((known) => known.id !== id);
    if (kind === 'masters') this.things.keys = this.things.keys.filter(({ master }) => master !== id);
  }
}
