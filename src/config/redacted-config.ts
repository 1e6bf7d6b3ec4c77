import { stringify } from 'yaml';
import type { Config } from './config.js';
import { type Setting, SETTINGS } from './variables.js';

/** The configuration as YAML: every value with its variable and where it came from; of secrets only that they are set. */
export function redactedConfig(config: Config): string {
  const values = config as unknown as Record<string, Record<string, unknown>>;
  const lines = [`# ${config.file ? `file: ${config.file}` : 'no configuration file'}`];
  let section = '';
  for (const setting of SETTINGS) {
    if (setting.section !== section) lines.push(`${setting.section}:`);
    section = setting.section;
    const shown = show(setting, values[section]?.[setting.key]);
    lines.push(`  ${setting.key}: ${shown}`.padEnd(50) + ` # ${setting.env}, ${config.sources.get(setting.env)}`);
  }
  return `${lines.join('\n')}\n`;
}

function show({ type }: Setting, value: unknown): string {
  const shown = type.mask ? type.mask(value) : value;
  return stringify(shown, { collectionStyle: Array.isArray(shown) ? 'flow' : 'any', lineWidth: 0 }).trimEnd();
}
