import { compareDebian } from '@gabion/versions/debian';
import type { VersionOrder } from '@gabion/versions/order';

/**
 * The order of upstream releases of programs (`1.1.1k`, `3.0.0-beta1`, `7.2.4`): numbers and letters in turn, as in
 * deb-version(7), with what comes before a release marked by its usual words.
 */
export const upstreamOrder: VersionOrder = {
  compare: (a, b) => compareDebian(comparable(a), comparable(b)),
  isValid: (version) => version.length <= 100 && /^v?\d[A-Za-z0-9.+~_-]*$/.test(version),
};

function comparable(version: string): string {
  return version
    .slice(0, 100)
    .toLowerCase()
    .replace(/^v/, '')
    .replace(/[-_.]?(alpha|beta|rc|pre|dev)/g, '~$1')
    .replaceAll(/[-_]/g, '.');
}
