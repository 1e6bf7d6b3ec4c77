/** Collects one line for each thing that is wrong: the first one found, so that one slip is not reported twice. */
export class Mistakes {
  private readonly byName = new Map<string, string>();

  add(name: string, line: string): void {
    if (!this.byName.has(name)) this.byName.set(name, line);
  }

  get lines(): string[] {
    return [...this.byName.values()];
  }
}
