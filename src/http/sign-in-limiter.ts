import { createHash } from 'node:crypto';
import { DomainError } from '../common/domain-error.js';
import { canonicalIpRange } from '../common/ip-range.js';

export interface SignInLimits {
  perAddress: number;
  perCredential: number;
  windowSeconds: number;
}

/**
 * Slows down guessing. Only failures count, and a right credential gets no 429 for them: whoever shares an address with
 * an attacker must not be locked out, and credentials of 256 bits need no lock. So guards verify first and call this
 * when that failed; a request without any credential is no attempt. What verifying may cost is the matter of `Lookups`.
 */
export class SignInLimiter {
  /** Of all callers since the start. */
  failures = 0;
  private readonly addresses: FailureCounts;
  private readonly credentials: FailureCounts;

  constructor({ perAddress, perCredential, windowSeconds }: SignInLimits = LIMITS) {
    this.addresses = new FailureCounts(perAddress, windowSeconds * 1000);
    this.credentials = new FailureCounts(perCredential, windowSeconds * 1000);
  }

  /** Whether there were too many failures from this address already. */
  suspects(address: string): boolean {
    return this.addresses.isSpent(networkOf(address), Date.now());
  }

  /** Counts a failure; answers 429 to the caller when there were too many from this address or for this credential. */
  failed(address: string, credential: string): void {
    this.failures++;
    const now = Date.now();
    const waitMs = Math.max(
      this.addresses.add(networkOf(address), now),
      this.credentials.add(knownPartOf(credential), now),
    );
    if (waitMs === 0) return;
    throw new DomainError('too_many', 'Too many failed sign-ins; try again later', {
      code: 'too_many_failures',
      retryAfterSeconds: Math.ceil(waitMs / 1000),
    });
  }
}

const LIMITS: SignInLimits = { perAddress: 300, perCredential: 150, windowSeconds: 60 };

/** Bounds the memory: beyond it the oldest count is forgotten. */
const MAX_COUNTS = 10_000;

/** Counts per key in windows that begin with the first failure. */
class FailureCounts {
  private readonly windows = new Map<string, { failures: number; endsAt: number }>();

  constructor(
    private readonly limit: number,
    private readonly windowMs: number,
  ) {}

  /** How long to wait, 0 while within the limit. */
  add(key: string, now: number): number {
    const known = this.windows.get(key);
    const window = known && known.endsAt > now ? known : this.open(key, now);
    window.failures += 1;
    return window.failures > this.limit ? window.endsAt - now : 0;
  }

  /** Whether the next failure is beyond the limit. */
  isSpent(key: string, now: number): boolean {
    const window = this.windows.get(key);
    return window !== undefined && window.endsAt > now && window.failures >= this.limit;
  }

  private open(key: string, now: number): { failures: number; endsAt: number } {
    this.windows.delete(key);
    const [oldest] = this.windows.keys();
    if (oldest !== undefined && this.windows.size >= MAX_COUNTS) this.windows.delete(oldest);
    const window = { failures: 0, endsAt: now + this.windowMs };
    this.windows.set(key, window);
    return window;
  }
}

/** One customer of a provider has a whole /64 of v6 addresses. */
const networkOf = (address: string): string => canonicalIpRange(`${address}/64`) ?? address;

/** What stays the same while the secret part is guessed: the claims of a JWT, the first characters of a key. */
function knownPartOf(credential: string): string {
  const parts = credential.split('.');
  const known = parts.length === 3 ? parts.slice(0, 2).join('.') : credential.slice(0, 12);
  return createHash('sha256').update(known).digest('base64');
}
