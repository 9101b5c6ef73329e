import { describe, expect, it } from '@jest/globals';
import { platform } from './platform.ts';

describe('kms-secrets', () => {
  it('starts on an empty database', async () => {
    await using site = await platform();
    expect(site.started).toHaveLength(1);
  });
});
