import { Config, type Source } from './config.js';
import { ConfigError, WrongValue } from './config-error.js';
import { readConfigFile } from './config-file.js';
import { Mistakes } from './mistakes.js';
import { didYouMean } from './nearest.js';
import { checkRules } from './rules.js';
import { keptSecrets } from './secrets-file.js';
import type { Surroundings } from './value-types.js';
import { ALIASES, CONFIG_FILE, label, REQUIRED_SECRETS, type Setting, SETTINGS, type Values } from './variables.js';

/**
 * Reads the configuration: environment over file over default. Outside production, secrets that nobody set are made once
 * and kept in the data folder.
 * @throws ConfigError with every mistake at once
 */
export function loadConfig(env: NodeJS.ProcessEnv = process.env, cwd: string = process.cwd()): Config {
  const at: Surroundings = { production: env.NODE_ENV === 'production', cwd };
  const mistakes = new Mistakes();
  noteUnknownNames(env, mistakes);
  const file = readConfigFile(env, cwd, mistakes);
  const found = SETTINGS.map((setting) => find(setting, env, file.texts, mistakes));
  const config = build(found, at, mistakes, file.path);
  checkRules(config, mistakes);
  throwIfAny(mistakes);
  if (at.production || !found.some(isMissingSecret)) return config;

  const kept = keptSecrets(config.server.data_dir);
  const complete = build(
    found.map((one) => (isMissingSecret(one) ? fromKept(one, kept) : one)),
    at,
    mistakes,
    file.path,
  );
  throwIfAny(mistakes);
  return complete;
}

function throwIfAny({ lines }: Mistakes): void {
  if (lines.length > 0) throw new ConfigError(lines);
}

/** Names of the test tooling, which starts servers with its own environment. */
const IGNORED_PREFIX = 'EZ_TEST_';

function noteUnknownNames(env: NodeJS.ProcessEnv, mistakes: Mistakes): void {
  const known = new Set([CONFIG_FILE, ...SETTINGS.map((setting) => setting.env), ...Object.values(ALIASES)]);
  for (const name of Object.keys(env)) {
    if (!name.startsWith('EZ_') || known.has(name) || name.startsWith(IGNORED_PREFIX)) continue;
    mistakes.add(name, `${name}: no such variable${didYouMean(name, known)}`);
  }
}

/** A setting and what was written for it. */
interface Found {
  setting: Setting;
  text: string;
  source: Source;
}

function find(setting: Setting, env: NodeJS.ProcessEnv, file: ReadonlyMap<string, string>, mistakes: Mistakes): Found {
  const alias = ALIASES[setting.env];
  const aliased = alias === undefined ? undefined : env[alias];
  const named = env[setting.env];
  if (named !== undefined && aliased !== undefined && named !== aliased) {
    mistakes.add(setting.env, `${label(setting.env)}: ${alias} says something else`);
  }
  const says = (text: string | undefined): text is string =>
    text !== undefined && (text !== '' || !!setting.type.acceptsEmpty);
  const inEnvironment = named ?? aliased;
  if (says(inEnvironment)) return { setting, text: inEnvironment, source: 'environment' };
  const inFile = file.get(setting.env);
  if (says(inFile)) return { setting, text: inFile, source: 'file' };
  return { setting, text: setting.fallback, source: 'default' };
}

/** An empty token that somebody wrote is not missing: it closes the routes that it guards. */
function isMissingSecret({ setting, source }: Found): boolean {
  return source === 'default' && REQUIRED_SECRETS.some((name) => name === setting.env);
}

function fromKept({ setting }: Found, kept: ReadonlyMap<string, string>): Found {
  return { setting, text: kept.get(setting.env) ?? '', source: 'generated' };
}

function build(found: Found[], at: Surroundings, mistakes: Mistakes, file: string | undefined): Config {
  const values: Record<string, Record<string, unknown>> = {};
  for (const { setting, text } of found) {
    (values[setting.section] ??= {})[setting.key] = parse(setting, text, at, mistakes);
  }
  const sources = new Map(found.map(({ setting, source }) => [setting.env, source]));
  return new Config(values as unknown as Values, at.production, sources, file);
}

/** A wrong value is noted, and the default stands in for it, so that the search for mistakes can go on. */
function parse({ env, type, fallback }: Setting, text: string, at: Surroundings, mistakes: Mistakes): unknown {
  try {
    return type.parse(text, at);
  } catch (error) {
    if (!(error instanceof WrongValue)) throw error;
    const got = type.mask ? '' : `, got ${JSON.stringify(text.slice(0, 60))}`;
    mistakes.add(env, `${label(env)}: ${error.message}${got}`);
    return type.parse(fallback, at);
  }
}
