import { describe, expect, it } from '@jest/globals';
import { PassThrough } from 'node:stream';
import { patientWrite } from './patient-write.js';

describe('a patient write', () => {
  it('waits until what it wrote is read', async () => {
    const stream = new PassThrough({ highWaterMark: 1 });
    const written = patientWrite(stream, 'text', 60_000);
    stream.resume();
    await written;
    expect(stream.destroyed).toBe(false);
  });

  it('cuts off who reads nothing', async () => {
    const stream = new PassThrough({ highWaterMark: 1 });
    await patientWrite(stream, 'text', 10);
    expect(stream.destroyed).toBe(true);
  });

  it('ends when its reader leaves', async () => {
    const stream = new PassThrough({ highWaterMark: 1 });
    const written = patientWrite(stream, 'text', 60_000);
    stream.destroy();
    await expect(written).resolves.toBeUndefined();
  });
});
