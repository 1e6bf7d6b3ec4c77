/** One whole message of a client, and what can be told of it. */
export interface Message {
  bytes: Buffer;
  /** PostgreSQL: its type and text. Redis: the command and its first argument. */
  says: string;
}

/** Cuts what one connection carries into messages. What is not whole yet is kept until the rest comes. */
export type Framer = (bytes: Buffer) => Message[];

/** The frontend side of PostgreSQL's protocol 3: a packet without a type opens it, all others have one. */
export function postgresWire(): Framer {
  let isOpened = false;
  return framer((held) => {
    const lengthAt = isOpened ? 1 : 0;
    if (held.length < lengthAt + 4) return undefined;
    const length = lengthAt + held.readUInt32BE(lengthAt);
    if (held.length < length) return undefined;
    isOpened = true;
    return { length, says: held.toString('latin1', 0, length) };
  });
}

/** RESP as clients speak it: every command is an array of bulk strings. */
export function redisWire(): Framer {
  return framer((held) => {
    const reader = new RespReader(held);
    const count = reader.number('*');
    if (count === undefined) return undefined;
    const words: string[] = [];
    for (let i = 0; i < count; i++) {
      const length = reader.number('$');
      if (length === undefined || reader.at + length + 2 > held.length) return undefined;
      if (i < 2) words.push(held.toString('latin1', reader.at, reader.at + length));
      reader.at += length + 2;
    }
    return { length: reader.at, says: words.join(' ') };
  });
}

class RespReader {
  at = 0;

  constructor(private readonly held: Buffer) {}

  number(sign: '*' | '$'): number | undefined {
    const end = this.held.indexOf('\r\n', this.at);
    if (end < 0) return undefined;
    const text = this.held.toString('latin1', this.at, end);
    if (!text.startsWith(sign)) throw new Error(`not a command of RESP: ${text}`);
    this.at = end + 2;
    return Number(text.slice(1));
  }
}

type Cut = (held: Buffer) => { length: number; says: string } | undefined;

function framer(cut: Cut): Framer {
  let held: Buffer = Buffer.alloc(0);
  return (bytes) => {
    held = held.length === 0 ? bytes : Buffer.concat([held, bytes]);
    const messages: Message[] = [];
    for (let next = cut(held); next; next = held.length > 0 ? cut(held) : undefined) {
      messages.push({ bytes: held.subarray(0, next.length), says: next.says });
      held = held.subarray(next.length);
    }
    return messages;
  };
}
