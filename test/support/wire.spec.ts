import { describe, expect, it } from '@jest/globals';
import { postgresWire, redisWire, type Framer } from './wire.js';

/** What is seen of bytes that arrive one by one, which is the worst that a network does. */
function oneByOne(framer: Framer, bytes: Buffer): string[] {
  return [...bytes].flatMap((byte) => framer(Buffer.from([byte]))).map(({ says }) => says);
}

function packet(type: string, text: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(text.length + 4);
  return Buffer.concat([Buffer.from(type), length, Buffer.from(text)]);
}

describe('the wire of', () => {
  it('PostgreSQL is cut into the packet that opens it and the messages after it', () => {
    const bytes = Buffer.concat([packet('', 'user\0ez\0\0'), packet('Q', 'BEGIN\0'), packet('Q', 'COMMIT\0')]);
    expect(oneByOne(postgresWire(), bytes).map((says) => says.slice(says.length > 12 ? 4 : 5))).toEqual([
      'user\0ez\0\0',
      'BEGIN\0',
      'COMMIT\0',
    ]);
  });

  it('Redis is cut into commands, however many came at once', () => {
    const commands = '*1\r\n$4\r\nPING\r\n*3\r\n$4\r\nHGET\r\n$3\r\na\r\n\r\n$1\r\nb\r\n';
    expect(oneByOne(redisWire(), Buffer.from(commands))).toEqual(['PING', 'HGET a\r\n']);
    expect(redisWire()(Buffer.from(commands)).map(({ says }) => says)).toEqual(['PING', 'HGET a\r\n']);
  });
});
