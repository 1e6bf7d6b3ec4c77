import { ALIASES, CONFIG_FILE, REQUIRED_SECRETS, type Setting, SETTINGS } from './variables.js';

/** The text of `.env.example`. */
export function exampleEnv(): string {
  const lines = [
    '# Every variable with its default, or an example where that is empty. Environment > file (config.example.yaml) > default.',
    '# Copy to .env, which bin/start and bin/ez read, then uncomment what should differ. Without quotes: `docker run --env-file` would keep them.',
    '',
    '# Production refuses weak secrets and embedded servers',
    '#NODE_ENV=production',
    '# The YAML file; empty: ./config.yaml or ./config/config.yaml, if there is one',
    `#${CONFIG_FILE}=`,
  ];
  for (const [index, setting] of SETTINGS.entries()) {
    if (setting.section !== SETTINGS[index - 1]?.section) lines.push('', `# --- ${setting.section}`);
    lines.push(`# ${describe(setting)}`, `#${setting.env}=${exampleText(setting)}`);
  }
  return `${lines.join('\n')}\n`;
}

/** The text of `config.example.yaml`. */
export function exampleYaml(): string {
  const lines = [
    '# Every setting with its default, or an example where that is empty, and its variable, which wins.',
    '# Copy to config.yaml, then uncomment what should differ.',
  ];
  for (const [index, setting] of SETTINGS.entries()) {
    if (setting.section !== SETTINGS[index - 1]?.section) lines.push('', `${setting.section}:`);
    lines.push(`  # ${setting.env}: ${describe(setting)}`, `  # ${setting.key}: ${quoted(exampleText(setting))}`);
  }
  return `${lines.join('\n')}\n`;
}

function describe({ env, about }: Setting): string {
  const isRequired = REQUIRED_SECRETS.some((name) => name === env);
  const required = isRequired ? '; production wants 32 characters or more, elsewhere made at the first start' : '';
  return `${about}${required}${ALIASES[env] ? `; also read from ${ALIASES[env]}` : ''}`;
}

const exampleText = ({ fallback, type }: Setting): string => fallback || (type.example ?? '');

const quoted = (text: string): string => (/^[\w./-]+$/.test(text) ? text : `'${text}'`);
