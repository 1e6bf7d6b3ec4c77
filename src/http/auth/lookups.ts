import { Injectable } from '@nestjs/common';
import { requestContext } from '../../common/request-context.js';
import { Turnstile } from '../../common/turnstile.js';
import { SignInLimiter } from '../sign-in-limiter.js';

/** Bounds the memory: beyond it the oldest is forgotten. */
const MOST_KNOWN = 10_000;

/**
 * What guessing may cost the database. An address that guessed too often gets no more than one connection for all of its kind,
 * and beyond a short queue nobody is looked up. A credential that was right before doesn't queue: whoever shares an address
 * with an attacker goes on working.
 */
@Injectable()
export class Lookups {
  private readonly suspects = new Turnstile(1, 100);
  /** Hashes of credentials that were right when they were last looked up. */
  private readonly known = new Set<string>();

  constructor(private readonly limiter: SignInLimiter) {}

  async look<Found>(hash: string, find: () => Promise<Found | undefined>): Promise<Found | undefined> {
    const isTrusted = this.known.has(hash) || !this.limiter.suspects(requestContext()?.ip ?? '');
    const found = isTrusted ? await find() : await this.suspects.pass(find);
    if (found) this.remember(hash);
    else this.known.delete(hash);
    return found;
  }

  private remember(hash: string): void {
    if (this.known.has(hash)) return;
    const [oldest] = this.known;
    if (oldest !== undefined && this.known.size >= MOST_KNOWN) this.known.delete(oldest);
    this.known.add(hash);
  }
}
