/**
 * What a test has broken in Redis by hand. Nothing is asked of it until it has been seen right again; that it becomes right
 * is for the end of the history to say.
 */
export class Damage {
  private readonly names = new Set<string>();
  private readonly underWay = new Set<string>();

  /** Things, or whole hashes. */
  add(names: readonly string[], isUnderWay: boolean): void {
    for (const name of names) {
      this.names.add(name);
      if (isUnderWay) this.underWay.add(name);
      else this.underWay.delete(name);
    }
  }

  covers(thing: string): boolean {
    return this.names.size > 0 && (this.names.has(thing) || this.names.has(hashOf(thing)));
  }

  lift(isRight: (thing: string) => boolean, things: Iterable<string>): void {
    if (this.names.size === 0) return;
    const all = [...things];
    for (const name of this.names) {
      if (this.underWay.has(name)) continue;
      const covered = all.filter((thing) => thing === name || hashOf(thing) === name);
      if (covered.length > 0 && covered.every(isRight)) this.names.delete(name);
    }
  }
}

const hashOf = (thing: string): string => thing.split(' ', 1)[0]!;
