import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { HASH_OF, redisKeys, redisPrefixes, versionsOf } from '../../../src/contract/redis-keys.js';
import { now, type Held, type History, type SeenMarker } from './history.js';

/** Whoever loses the data loses this with it. In another database, because an empty one is to look empty. */
const LIFE = 'witness:life';
const LIFE_DB = 1;

/** All that balancers can see, and the versions beside it, between two commands of anybody else. */
const LOOK = `
local found = {}
local function add(key)
  local type = redis.call('TYPE', key).ok
  if type ~= 'none' then found[#found + 1] = { key, type == 'hash' and redis.call('HGETALL', key) or type } end
end
for _, key in ipairs(KEYS) do add(key) end
for _, pattern in ipairs({ ARGV[2] .. '*', ARGV[3] .. '*', '{' .. ARGV[3] .. '*}:ver' }) do
  for _, key in ipairs(redis.call('KEYS', pattern)) do add(key) end
end
redis.call('SELECT', ${LIFE_DB})
local text = cjson.encode({ redis.call('GET', '${LIFE}') or '', found })
redis.call('SELECT', 0)
local hash = redis.sha1hex(text)
return hash == ARGV[1] and { hash } or { hash, text }`;

const NAME = `redis.call('SELECT', ${LIFE_DB}); redis.call('SET', '${LIFE}', ARGV[1]); redis.call('SELECT', 0)`;

const HASHES = Object.values(HASH_OF);
const LOOKED_AT = [redisKeys.marker, redisKeys.modelsMeta, ...HASHES, ...HASHES.map(versionsOf)];

const PAUSE_MS = 4;

/** Looks at Redis every few milliseconds, past every proxy, and writes down what differs from the time before. */
export class Observer {
  private hash = '';
  private held = new Map<string, Held>();
  private markerText = '';
  private life: string | undefined;
  private last: Look | undefined;
  private provenAt = 0;
  private isStopping = false;
  private watching: Promise<void> | undefined;

  constructor(
    private readonly redis: Redis,
    private readonly history: History,
  ) {}

  start(): void {
    this.watching = this.watch();
  }

  async stop(): Promise<void> {
    this.isStopping = true;
    await this.watching;
  }

  /** All that is there is news to the next look. */
  forget(): void {
    this.hash = '';
    this.held = new Map();
    this.markerText = '';
  }

  /** What is there now is in the history when this returns. */
  async look(): Promise<void> {
    const begun = now();
    const seen = (await this.redis.eval(
      LOOK,
      LOOKED_AT.length,
      ...LOOKED_AT,
      this.hash,
      redisPrefixes.token,
      redisPrefixes.master,
    )) as [string, string?];
    this.hash = seen[0];
    if (seen[1] !== undefined) this.last = readLook(seen[1]);
    this.record(begun, this.last!);
    if (this.life === '') await this.redis.eval(NAME, 0, randomUUID()).catch(() => undefined);
  }

  private async watch(): Promise<void> {
    while (!this.isStopping) {
      const begun = performance.now();
      // A Redis that is away, or loading, is not seen.
      await this.look().catch(() => undefined);
      await sleep(Math.max(PAUSE_MS, 2 * (performance.now() - begun)));
    }
  }

  private record(begun: number, { life, marker, held }: Look): void {
    const changed: Record<string, Held | null> = {};
    for (const [thing, is] of held) if (!isEqual(this.held.get(thing), is)) changed[thing] = is;
    for (const thing of this.held.keys()) if (!held.has(thing)) changed[thing] = null;
    const markerText = JSON.stringify(marker);
    const isNews = life !== this.life || markerText !== this.markerText || Object.keys(changed).length > 0;
    // That nothing has changed since somebody was told so is worth knowing.
    const isProof = begun > this.history.promisedAt && this.provenAt < this.history.promisedAt;
    this.held = held;
    this.life = life;
    this.markerText = markerText;
    if (!isNews && !isProof) return;
    this.provenAt = begun;
    this.history.add({ type: 'seen', begun, ended: now(), life: life || null, marker, changed });
  }
}

interface Look {
  life: string;
  marker: SeenMarker | null;
  held: Map<string, Held>;
}

function readLook(text: string): Look {
  const [life, found] = JSON.parse(text) as [string, [string, string[] | string][] | object];
  const keys = new Map(Array.isArray(found) ? (found as [string, string[] | string][]) : []);
  const hash = (key: string): Map<string, string> => pairs(keys.get(key));
  const held = new Map<string, Held>();
  for (const name of HASHES) addFields(held, name, hash(name), hash(versionsOf(name)));
  for (const key of keys.keys()) {
    const grave = /^\{(.+)\}:ver$/.exec(key)?.[1];
    if (key === redisKeys.modelsMeta || key.startsWith('auth:')) held.set(key, recordHeld(hash(key)));
    else if (grave && !HASHES.includes(grave) && !keys.has(grave)) held.set(grave, graveHeld(hash(key)));
  }
  return { life, marker: markerOf(hash(redisKeys.marker)), held };
}

function addFields(
  held: Map<string, Held>,
  name: string,
  values: Map<string, string>,
  versions: Map<string, string>,
): void {
  for (const field of new Set([...values.keys(), ...versions.keys()])) {
    held.set(`${name} ${field}`, { version: versions.get(field) ?? '', value: values.get(field) ?? null });
  }
}

function recordHeld(fields: Map<string, string>): Held {
  const { gen = '', ...record } = Object.fromEntries(fields);
  return { gen, version: record.ver ?? '', value: recordText(record) };
}

const graveHeld = (fields: Map<string, string>): Held => ({
  gen: fields.get('gen') ?? '',
  version: fields.get('ver') ?? '',
  value: null,
});

function markerOf(fields: Map<string, string>): SeenMarker | null {
  const [gen, version, fence = '0', source = ''] = ['gen', 'version', 'fence', 'source'].map((name) =>
    fields.get(name),
  );
  return gen === undefined || version === undefined ? null : { gen, version, fence, source };
}

/** A key that should be a hash and is none holds nothing. */
function pairs(flat: string[] | string | undefined): Map<string, string> {
  const all = new Map<string, string>();
  if (Array.isArray(flat)) for (let i = 0; i < flat.length; i += 2) all.set(flat[i]!, flat[i + 1]!);
  return all;
}

const isEqual = (a: Held | undefined, b: Held): boolean =>
  a?.gen === b.gen && a?.version === b.version && a?.value === b.value;

/** A record as text, whatever the order of its fields. `gen` is a companion of the control plane. */
export function recordText(record: Record<string, string>): string {
  return JSON.stringify(Object.fromEntries(Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1))));
}
