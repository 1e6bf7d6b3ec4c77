import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../../..');

/** What is changed in a file of the build. Throws if it isn't there: then the mutant would be no mutant. */
export interface Mutation {
  /** Below `dist/src`. */
  file: string;
  from: string;
  to: string;
}

/** The product with faults of our making in it, beside the real one. */
export function buildMutant(mutations: readonly Mutation[]): { main: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'ez-api-mutant-'));
  mkdirSync(join(folder, 'dist'));
  cpSync(join(ROOT, 'dist'), join(folder, 'dist'), { recursive: true });
  cpSync(join(ROOT, 'package.json'), join(folder, 'package.json'));
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  for (const { file, from, to } of mutations) {
    const path = join(folder, 'dist', 'src', file);
    const text = readFileSync(path, 'utf8');
    if (!text.includes(from)) throw new Error(`${file} does not say: ${from}`);
    writeFileSync(path, text.replace(from, to));
  }
  return { main: join(folder, 'dist/src/main.js'), remove: () => rmSync(folder, { recursive: true, force: true }) };
}
