import { describe, expect, it } from '@jest/globals';
import { choose } from './image.ts';
import type { Descriptor } from './manifest.ts';
import { distance, formatPlatform, parsePlatform } from './platform.ts';

function entry(platform: string): Descriptor {
  const digest = 'sha256:0' as const;
  return { mediaType: 'x', digest, size: 1, isAttachment: false, platform: parsePlatform(platform) };
}

describe('platforms', () => {
  it('refuses what is not os/arch[/variant]', () => {
    for (const text of ['', 'linux', 'linux/', 'a/b/c/d', 'Linux/amd64', 'linux/amd64/']) {
      expect(() => parsePlatform(text)).toThrow(expect.objectContaining({ code: 'platform_not_found' }));
    }
  });

  it('lets older variants serve newer machines, and no others', () => {
    const of = (wanted: string, offered: string) => distance(parsePlatform(wanted), parsePlatform(offered));
    expect(of('linux/arm64', 'linux/arm64/v8')).toBe(0);
    expect(of('linux/arm/v7', 'linux/arm/v6')).toBe(1);
    expect(of('linux/arm/v6', 'linux/arm/v7')).toBeUndefined();
    expect(of('linux/amd64/v3', 'linux/amd64')).toBe(2);
    expect(of('linux/amd64', 'linux/arm64')).toBeUndefined();
  });

  it('chooses the nearest variant, and linux/amd64 when nothing is asked', () => {
    const offered = ['windows/amd64', 'linux/arm/v5', 'linux/arm/v6', 'linux/amd64/v2', 'linux/amd64'].map(entry);
    const chosen = (wanted?: string) =>
      formatPlatform(choose(offered, wanted ? parsePlatform(wanted) : undefined).platform!);
    expect([chosen('linux/arm/v7'), chosen('linux/arm'), chosen(), chosen('linux/amd64/v3')]).toEqual([
      'linux/arm/v6',
      'linux/arm/v6',
      'linux/amd64',
      'linux/amd64/v2',
    ]);
  });

  it('takes the only image of an index when nothing is asked', () => {
    const attestation = { ...entry('linux/s390x'), isAttachment: true };
    expect(choose([entry('linux/arm64'), attestation]).platform?.architecture).toBe('arm64');
    expect(() => choose([attestation])).toThrow(expect.objectContaining({ code: 'platform_not_found' }));
  });
});
