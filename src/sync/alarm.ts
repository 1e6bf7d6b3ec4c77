/** Wakes whoever waits for it. Rung while nobody waits, it wakes the next who does: nothing is missed, and nothing piles up. */
export class Alarm {
  private isRung = false;
  private wake: (() => void) | undefined;

  ring(): void {
    this.isRung = true;
    this.wake?.();
  }

  /** Whether it was rung since it was last waited for or asked. */
  take(): boolean {
    const wasRung = this.isRung;
    this.isRung = false;
    return wasRung;
  }

  /** @returns whether it was rung; false: the time was over first */
  async wait(limitMs?: number): Promise<boolean> {
    if (!this.isRung) {
      const timer: { id?: NodeJS.Timeout } = {};
      await new Promise<void>((resolve) => {
        this.wake = resolve;
        if (limitMs !== undefined) timer.id = setTimeout(resolve, limitMs);
      });
      clearTimeout(timer.id);
      this.wake = undefined;
    }
    return this.take();
  }
}
