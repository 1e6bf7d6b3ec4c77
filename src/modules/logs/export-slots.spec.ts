import { describe, expect, it } from '@jest/globals';
import { ExportSlots } from './export-slots.js';

const OPERATOR = undefined;

/** Begins an export that runs until it is let go. */
function begin(slots: ExportSlots, master_id: number | undefined): { end: () => void; done: Promise<void> } {
  let end = (): void => undefined;
  const done = slots.hold(master_id, () => new Promise((resolve) => (end = resolve)));
  return { end, done };
}

describe('exports at the same time', () => {
  it('are one of a tenant, which may begin the next when that one ends', async () => {
    const slots = new ExportSlots();
    const { end, done } = begin(slots, 1);
    await expect(begin(slots, 1).done).rejects.toMatchObject({ kind: 'too_many', code: 'log_exports_busy' });
    end();
    await done;
    const next = begin(slots, 1);
    next.end();
    await next.done;
  });

  it('are three of all tenants, so that there is room for an operator', async () => {
    const slots = new ExportSlots();
    const running = [1, 2, 3, OPERATOR].map((who) => begin(slots, who));
    await expect(begin(slots, 4).done).rejects.toMatchObject({ code: 'log_exports_busy' });
    await expect(begin(slots, OPERATOR).done).rejects.toMatchObject({ code: 'log_exports_busy' });
    for (const { end } of running) end();
    await Promise.all(running.map(({ done }) => done));
  });
});
