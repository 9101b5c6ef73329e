import { describe, expect, it } from '@jest/globals';
import { boundedLabel, counter, gauge, metricsText } from './metrics.ts';

describe('metrics', () => {
  it('answers the same counter twice and prints it', async () => {
    counter('gabion_test_things_total', 'Things.', ['kind']).inc({ kind: 'a' });
    counter('gabion_test_things_total', 'Things.', ['kind']).inc({ kind: 'a' });
    gauge('gabion_test_level', 'Level.', [], (level) => level.set(7));
    const { body } = await metricsText();
    expect(body).toContain('gabion_test_things_total{kind="a"} 2');
    expect(body).toContain('gabion_test_level 7');
    expect(body).toContain('process_resident_memory_bytes');
  });

  it('counts label values beyond the bound as other', () => {
    const values = Array.from({ length: 300 }, (_, index) => boundedLabel('path', `p${index}`));
    expect(new Set(values).size).toBe(201);
    expect(boundedLabel('path', 'p0')).toBe('p0');
  });
});
