import { describe, expect, it } from '@jest/globals';
import { latestTags } from './tag-order.ts';

describe('latestTags', () => {
  it('orders by version, not by text', () => {
    expect(latestTags(['1.9', '1.10', 'v1.2', 'latest', '1.10-rc2', '1.10-rc10'], 4)).toEqual([
      '1.10',
      '1.10-rc10',
      '1.10-rc2',
      '1.9',
    ]);
  });

  it('takes words when there are not enough versions, and all when no number is asked', () => {
    expect(latestTags(['main', '1.0'], 5)).toEqual(['1.0', 'main']);
    expect(latestTags(['b', 'a'], 0)).toEqual(['b', 'a']);
  });
});
