import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { invalidField } from '../../common/domain-error.js';
import { Config } from '../../config/config.js';

/** Where a list goes on: records before this one, newest first. Ids are decimal strings. */
export interface Position {
  at: number;
  id: string;
}

const BYTES = 16;

/** Signed, and bound to the search that it is of: a made-up position would make us look where nobody may have told to. */
@Injectable()
export class LogCursor {
  private readonly key: Buffer;

  constructor({ auth }: Config) {
    this.key = createHash('sha256').update(`log cursor\n${auth.jwt_secret}`).digest();
  }

  write({ at, id }: Position, search: object): string {
    const place = `${at}.${id}`;
    return `${Buffer.from(place).toString('base64url')}.${this.sign(place, search).toString('base64url')}`;
  }

  read(cursor: string, search: object): Position {
    const [place = '', signature = ''] = cursor.split('.').map((part) => Buffer.from(part, 'base64url'));
    const expected = this.sign(place.toString(), search);
    if (signature.length !== BYTES || !timingSafeEqual(Buffer.from(signature), expected)) {
      throw invalidField('/cursor', 'must be the next_cursor of the same search');
    }
    const [at, id] = place.toString().split('.');
    return { at: Number(at), id: id! };
  }

  private sign(place: string, search: object): Buffer {
    return createHmac('sha256', this.key)
      .update(`${place}\n${JSON.stringify(search)}`)
      .digest()
      .subarray(0, BYTES);
  }
}
