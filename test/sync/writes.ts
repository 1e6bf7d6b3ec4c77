import type { TestApp } from '../support/app.js';
import { unused } from '../support/gateway.js';
import { until } from '../support/launcher.js';
import { Monitor } from '../support/monitor.js';

/** Commands that wrote into this application's database, by themselves or in a script; its sign of life apart. */
export async function writesDuring({ redis }: TestApp, act: () => Promise<void>): Promise<string[]> {
  const monitor = await Monitor.of(redis);
  const hasSeen = (text: string): boolean => monitor.seen.some(({ words }) => words[1] === text);
  const mark = async (text: string): Promise<void> => {
    await until(async () => (await redis.echo(text)) === text && hasSeen(text));
  };
  await mark(unused('begin'));
  await act();
  await mark(unused('end'));
  monitor.stop();
  return monitor.seen
    .filter(({ db }) => db === redis.options.db)
    .filter(({ words: [name = '', key] }) => name.toLowerCase() !== 'hset' || key !== 'config:meta')
    .filter(({ words: [name = ''] }) => WRITES.has(name.toLowerCase()))
    .map(({ words: [name, key] }) => `${name} ${key}`);
}

const WRITES = new Set(['hset', 'hdel', 'del', 'unlink', 'set', 'rename', 'expire', 'xadd', 'publish', 'persist']);
