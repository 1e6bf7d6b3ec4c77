import { Turnstile } from '../../common/turnstile.js';

/** Of the four connections that answer statistics; the others are for operators, alerts and metrics. */
const AT_ONCE = 2;
/** A tenant waits for itself before it waits for others, so this many tenants may ask at the same time. */
const MOST_WAITING = 50;
const MOST_WAITING_OF_ONE = 10;

interface Entry {
  turnstile: Turnstile;
  asking: number;
}

/** Lets two tenants ask at a time, each with one question, and turns away whoever asks without end. */
export class TenantTurnstile {
  private readonly all = new Turnstile(AT_ONCE, MOST_WAITING);
  private readonly tenants = new Map<number, Entry>();

  async pass<T>(masterId: number, work: () => Promise<T>): Promise<T> {
    const own = this.tenants.get(masterId) ?? { turnstile: new Turnstile(1, MOST_WAITING_OF_ONE), asking: 0 };
    this.tenants.set(masterId, own);
    own.asking += 1;
    try {
      return await own.turnstile.pass(() => this.all.pass(work));
    } finally {
      own.asking -= 1;
      if (own.asking === 0) this.tenants.delete(masterId);
    }
  }
}
