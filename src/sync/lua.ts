import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RedisClient } from '../redis/redis-client.js';

const FOLDER = join(import.meta.dirname, 'scripts');
const LIBRARY = readFileSync(join(FOLDER, 'lib.lua'), 'utf8');

/** A script that runs whole or not at all between the commands of other clients. It has to bear being run twice. */
export class LuaScript {
  private readonly text: string;
  private readonly sha: string;

  constructor(name: string) {
    this.text = `${LIBRARY}\n${readFileSync(join(FOLDER, `${name}.lua`), 'utf8')}`;
    this.sha = createHash('sha1').update(this.text).digest('hex');
  }

  async run(redis: RedisClient, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    const rest = [String(keys.length), ...keys, ...args];
    try {
      return await redis.call('EVALSHA', [this.sha, ...rest]);
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
      return redis.call('EVAL', [this.text, ...rest]);
    }
  }
}
