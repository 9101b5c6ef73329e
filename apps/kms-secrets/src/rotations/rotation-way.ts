import { X509Certificate } from 'node:crypto';
import { type Duration, durationMs } from '@bufbuild/protobuf/wkt';
import type {
  GeneratedValue,
  PutSecretRotationRequest,
  RotationHook,
} from '@gabion/contracts/gabion/kms/v1/secret_rotations_pb';
import { secretFaults } from '../secrets/secret-faults.ts';
import type { RotationWay } from './tables.ts';

const period = { leastSeconds: 3600, mostSeconds: 366 * 86_400 };
const leastBits = 64;
const leastBytes = 16;
const usualPutWithinSeconds = 600;
const lettersAndDigits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** The period that was asked for, in seconds. */
export function periodOf(asked: Duration | undefined): number {
  const seconds = asked ? Math.floor(durationMs(asked) / 1000) : 0;
  if (!(seconds >= period.leastSeconds && seconds <= period.mostSeconds))
    throw secretFaults.invalid('period', 'is from 1 hour to 366 days');
  return seconds;
}

/** The way that was asked for, with what it left open. */
export function wayOf({ way }: PutSecretRotationRequest): RotationWay {
  switch (way.case) {
    case 'generated':
      return generatedOf(way.value);
    case 'hook':
      return hookOf(way.value);
    case undefined:
      throw secretFaults.invalid('way', 'is either generated or hook');
    default:
      throw way satisfies never;
  }
}

function generatedOf({ name, length, characters, randomBytes: bytes }: GeneratedValue): RotationWay {
  if (bytes > 0 && (length > 0 || characters !== ''))
    throw secretFaults.invalid('generated', 'has either characters or random bytes');
  if (bytes > 0) {
    if (bytes < leastBytes) throw secretFaults.invalid('generated.random_bytes', `is ${leastBytes} at least`);
    return { kind: 'bytes', name, bytes };
  }
  const drawnFrom = [...new Set(characters || lettersAndDigits)].sort().join('');
  if (length * Math.log2(drawnFrom.length) < leastBits)
    throw secretFaults.invalid('generated', `has less than ${leastBits} bits: more characters, or more to draw from`);
  return { kind: 'characters', name, length, characters: drawnFrom };
}

function hookOf({ url, caPem, putWithinSeconds }: RotationHook): RotationWay {
  const { protocol, username, password, hash, href } = URL.canParse(url) ? new URL(url) : noUrl;
  if (protocol !== 'https:') throw secretFaults.invalid('hook.url', 'is no https URL');
  // What is in a URL is shown to whoever may see the rotation.
  if (username || password || hash) throw secretFaults.invalid('hook.url', 'has credentials or a fragment');
  return {
    kind: 'hook',
    url: href,
    ca: authoritiesIn(caPem),
    putWithinSeconds: putWithinSeconds || usualPutWithinSeconds,
  };
}

const noUrl = { protocol: '', username: '', password: '', hash: '', href: '' };

function authoritiesIn(pem: string): string {
  const certificates = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (pem.trim() === '') return '';
  try {
    for (const each of certificates) new X509Certificate(each);
  } catch {
    certificates.length = 0;
  }
  if (certificates.length === 0) throw secretFaults.invalid('hook.ca_pem', 'has no certificate that can be read');
  return `${certificates.join('\n')}\n`;
}
