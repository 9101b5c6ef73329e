import { describe, expect, it } from '@jest/globals';
import { baseOf, isSameRepository, rebaseDifference, repositoryOf, type ScannedImage } from './base-image.ts';

function image(name: string, layers: string, day = 1): ScannedImage {
  return { digest: `sha256:${name}`, names: [name], layers: [...layers], scanTime: new Date(2026, 0, day) };
}

describe('the base of an image', () => {
  it('is the scanned image with the most of its lowest layers', () => {
    const candidates = [image('debian:12', 'a'), image('node:24', 'abc'), image('other', 'abx'), image('app', 'abcd')];
    expect(baseOf([...'abcd'], candidates)?.names).toEqual(['node:24']);
  });

  it('is the one scanned last of equals, and none without a match', () => {
    expect(baseOf([...'ab'], [image('old', 'a', 1), image('new', 'a', 2)])?.names).toEqual(['new']);
    expect(baseOf([...'ab'], [image('x', 'b'), image('scratch', '')])).toBeUndefined();
  });

  it('has other states in the same repository', () => {
    expect(repositoryOf('registry.example:5000/team/app:1.2@sha256:00')).toBe('registry.example:5000/team/app');
    expect(repositoryOf('registry.example:5000/app')).toBe('registry.example:5000/app');
    expect(isSameRepository(image('debian:12', 'a'), image('debian:13', 'b'))).toBe(true);
    expect(isSameRepository(image('debian:12', 'a'), image('alpine:3', 'b'))).toBe(false);
  });

  it('is compared by vulnerability and package', () => {
    const found = (vulnerabilityId: string, packageName: string, severity = 'high' as const) => ({
      vulnerabilityId,
      packageName,
      severity,
    });
    const { removes, adds } = rebaseDifference(
      [found('CVE-1', 'a'), found('CVE-2', 'a')],
      [found('CVE-2', 'a'), found('CVE-3', 'b')],
    );
    expect([removes.high, adds.high]).toEqual([1, 1]);
  });
});
