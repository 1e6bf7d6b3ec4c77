import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from './config-error.js';
import { REQUIRED_SECRETS } from './variables.js';

/**
 * The secrets that nobody configured, by the name of their variable: made once, then kept, because what the encryption
 * key has encrypted must stay readable.
 */
export function keptSecrets(dataDir: string): ReadonlyMap<string, string> {
  const path = join(dataDir, 'secrets.json');
  const kept = readSecrets(path) ?? createSecrets(dataDir, path);
  const lost = REQUIRED_SECRETS.filter((name) => !kept.get(name));
  if (lost.length === 0) return kept;
  throw new ConfigError([`${path}: holds no ${lost.join(', ')}; restore the file, or set what it lacks`]);
}

function readSecrets(path: string): Map<string, string> | undefined {
  try {
    const content = Object.entries(JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>);
    return new Map(content.filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new ConfigError([`${path}: cannot be read (${code ?? 'not JSON'})`]);
  }
}

/** Written aside and linked: the name appears with all of its content, and of two processes one wins. */
function createSecrets(dataDir: string, path: string): Map<string, string> {
  const secrets = new Map(REQUIRED_SECRETS.map((name) => [name as string, randomBytes(32).toString('base64url')]));
  const draft = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  try {
    mkdirSync(dataDir, { recursive: true });
    writeFileSync(draft, `${JSON.stringify(Object.fromEntries(secrets), null, 2)}\n`, {
      mode: 0o600,
      flag: 'wx',
      flush: true,
    });
    linkSync(draft, path);
    return secrets;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const winner = code === 'EEXIST' ? readSecrets(path) : undefined;
    if (winner) return winner;
    throw new ConfigError([
      `${path}: cannot be written (${code}); make the folder writable, or set ${REQUIRED_SECRETS.join(', ')}`,
    ]);
  } finally {
    rmSync(draft, { force: true });
  }
}
