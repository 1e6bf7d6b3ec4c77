import { DomainError } from '../../common/domain-error.js';

const SLOTS = 4;
/** The others are for operators. */
const SLOTS_OF_TENANTS = 3;

/** Bounds how many exports run at the same time, so that no tenant keeps the others out, and all of them no operator. */
export class ExportSlots {
  private running = 0;
  /** Tenants of which one runs. */
  private readonly masters = new Set<number>();

  /** Undefined is the operator. */
  async hold(master_id: number | undefined, work: () => Promise<void>): Promise<void> {
    if (!this.isFreeFor(master_id)) throw busy();
    this.running += 1;
    if (master_id !== undefined) this.masters.add(master_id);
    try {
      await work();
    } finally {
      this.running -= 1;
      if (master_id !== undefined) this.masters.delete(master_id);
    }
  }

  private isFreeFor(master_id: number | undefined): boolean {
    if (this.running >= SLOTS) return false;
    return master_id === undefined || (!this.masters.has(master_id) && this.masters.size < SLOTS_OF_TENANTS);
  }
}

const busy = (): DomainError =>
  new DomainError('too_many', 'Other exports are running; try again when they are done', {
    code: 'log_exports_busy',
    retryAfterSeconds: 10,
  });
