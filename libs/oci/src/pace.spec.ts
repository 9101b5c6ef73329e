import { describe, expect, it } from '@jest/globals';
import { RequestRate } from './pace.ts';

describe('RequestRate', () => {
  it('lets one second of requests through at once, and then as many as a second allows', async () => {
    let nowMs = 5000;
    const waits: number[] = [];
    const rate = new RequestRate(
      4,
      () => nowMs,
      async (ms) => waits.push(ms),
    );
    for (let n = 0; n < 6; n++) await rate.next();
    expect(waits).toEqual([250, 500]);
    nowMs += 10_000;
    await rate.next();
    expect(waits).toHaveLength(2);
  });
});
