import { describe, expect, it } from '@jest/globals';
import { Alarm } from './alarm.js';

describe('an alarm', () => {
  it('wakes who waits', async () => {
    const alarm = new Alarm();
    const waiting = alarm.wait();
    alarm.ring();
    expect(await waiting).toBe(true);
  });

  it('rung while nobody waits, wakes the next, once', async () => {
    const alarm = new Alarm();
    alarm.ring();
    alarm.ring();
    await alarm.wait();
    const from = performance.now();
    expect(await alarm.wait(20)).toBe(false);
    expect(performance.now() - from).toBeGreaterThan(15);
  });

  it('can be asked instead', () => {
    const alarm = new Alarm();
    expect(alarm.take()).toBe(false);
    alarm.ring();
    expect([alarm.take(), alarm.take()]).toEqual([true, false]);
  });
});
