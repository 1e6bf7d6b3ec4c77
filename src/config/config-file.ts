import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { isMap, isScalar, isSeq, LineCounter, parseDocument, type YAMLMap } from 'yaml';
import type { Mistakes } from './mistakes.js';
import { didYouMean } from './nearest.js';
import { CONFIG_FILE, type Setting, SETTINGS } from './variables.js';

export interface ConfigFile {
  path?: string;
  /** What is written for each setting, by the name of its variable. */
  texts: ReadonlyMap<string, string>;
}

/** Reads the YAML file, if there is one, and notes what in it nobody would read. */
export function readConfigFile(env: NodeJS.ProcessEnv, cwd: string, mistakes: Mistakes): ConfigFile {
  const path = findFile(env, cwd);
  if (path === undefined) return { texts: new Map() };
  try {
    const texts = new Reader(path, mistakes).read(readFileSync(path, 'utf8'));
    return { path, texts };
  } catch (error) {
    mistakes.add(path, `${path}: cannot be read (${(error as NodeJS.ErrnoException).code ?? 'not YAML'})`);
    return { path, texts: new Map() };
  }
}

function findFile(env: NodeJS.ProcessEnv, cwd: string): string | undefined {
  const named = env[CONFIG_FILE];
  if (named) return resolve(cwd, named);
  return ['config.yaml', 'config/config.yaml'].map((name) => resolve(cwd, name)).find((path) => existsSync(path));
}

const SECTIONS = new Set(SETTINGS.map(({ section }) => section));
const BY_PATH = new Map(SETTINGS.map((setting) => [setting.path, setting]));

class Reader {
  private readonly texts = new Map<string, string>();

  constructor(
    private readonly path: string,
    private readonly mistakes: Mistakes,
  ) {}

  read(yaml: string): Map<string, string> {
    const lines = new LineCounter();
    const document = parseDocument(yaml, { lineCounter: lines, prettyErrors: false });
    for (const { code, pos } of document.errors) {
      // The parser's own message can quote the line, and the line can hold a password.
      this.wrong(`line ${lines.linePos(pos[0]).line}`, `not valid YAML (${code})`);
    }
    if (document.errors.length > 0) return this.texts;
    if (isMap(document.contents)) this.sections(document.contents);
    else if (document.contents !== null) this.wrong('', 'expected sections like "server:"');
    return this.texts;
  }

  private sections(root: YAMLMap): void {
    for (const { key, value } of root.items) {
      const section = nameOf(key);
      if (!SECTIONS.has(section)) this.wrong(section, `no such section${didYouMean(section, SECTIONS)}`);
      else if (isMap(value)) this.settings(section, value);
      else if (!isNothing(value)) this.wrong(section, 'expected settings, indented below it');
    }
  }

  private settings(section: string, fields: YAMLMap): void {
    for (const { key, value } of fields.items) {
      const path = `${section}.${nameOf(key)}`;
      const setting = BY_PATH.get(path);
      if (setting) this.setting(setting, value);
      else this.wrong(path, `no such setting${didYouMean(path, BY_PATH.keys())}`);
    }
  }

  private setting(setting: Setting, value: unknown): void {
    if (isNothing(value)) return;
    const written = isSeq(value) ? value.items.map(textOf) : [textOf(value)];
    if (written.includes(undefined)) this.wrong(setting.path, 'expected a single value, or a list of them');
    else this.texts.set(setting.env, written.join(','));
  }

  private wrong(where: string, message: string): void {
    const place = where === '' ? this.path : `${where} in ${this.path}`;
    this.mistakes.add(place, `${place}: ${message}`);
  }
}

const nameOf = (key: unknown): string => (isScalar(key) ? String(key.value) : '?');

const isNothing = (value: unknown): boolean => value === null || (isScalar(value) && value.value === null);

/** As written: a password of digits keeps its leading zero, and a version its last one. */
const textOf = (node: unknown): string | undefined => (isScalar(node) ? node.source : undefined);
