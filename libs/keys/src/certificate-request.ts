import 'reflect-metadata';
import type { KeyObject } from 'node:crypto';
import { Name, Pkcs10CertificateRequestGenerator, SubjectAlternativeNameExtension } from '@peculiar/x509';
import { distinguishedName } from './distinguished-name.ts';
import { KeyError } from './key-error.ts';

/** Whom a certificate is asked for. */
export interface CertificateSubject {
  /** RFC 4514, for example "CN=db.example,O=Example". */
  readonly subject: string;
  /** Host names, `*` at most as the first label. */
  readonly dnsNames: readonly string[];
}

const hostName = /^(?:\*\.)?(?:[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/i;
/** Types of domain components and of mail addresses. */
const asciiTypes = new Set(['0.9.2342.19200300.100.1.25', '1.2.840.113549.1.9.1']);
const country = '2.5.4.6';
const hashes: Readonly<Record<string, string>> = { 'P-256': 'SHA-256', 'P-384': 'SHA-384', 'P-521': 'SHA-512' };
const curves: Readonly<Record<string, string>> = { prime256v1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' };

/**
 * A certificate request (PKCS #10, RFC 2986) of the key in PEM, signed with RSA PKCS #1 v1.5 and SHA-256, ECDSA with the
 * curve's hash, or Ed25519. Throws `algorithm_unknown` for other keys and `subject_malformed`.
 */
export async function certificateRequest(
  key: KeyObject,
  publicKey: KeyObject,
  { subject, dnsNames }: CertificateSubject,
): Promise<string> {
  const wrong = dnsNames.find((name) => name.length > 253 || !hostName.test(name));
  if (wrong !== undefined) throw new KeyError('subject_malformed', 'a DNS name is none');
  const { algorithm, signing } = algorithmsOf(key);
  const names = dnsNames.map((value) => ({ type: 'dns' as const, value }));
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: nameIn(subject),
    keys: {
      privateKey: key.toCryptoKey(algorithm, false, ['sign']),
      publicKey: publicKey.toCryptoKey(algorithm, true, ['verify']),
    },
    signingAlgorithm: signing,
    ...(names.length > 0 && { extensions: [new SubjectAlternativeNameExtension(names)] }),
  });
  return `${request.toString('pem')}\n`;
}

function algorithmsOf(key: KeyObject) {
  if (key.asymmetricKeyType === 'rsa') {
    const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
    return { algorithm, signing: algorithm };
  }
  if (key.asymmetricKeyType === 'ed25519') return { algorithm: { name: 'Ed25519' }, signing: { name: 'Ed25519' } };
  const namedCurve = curves[key.asymmetricKeyDetails?.namedCurve ?? ''];
  if (key.asymmetricKeyType !== 'ec' || namedCurve === undefined)
    throw new KeyError('algorithm_unknown', `a key of ${key.asymmetricKeyType} signs no certificate requests`);
  return {
    algorithm: { name: 'ECDSA', namedCurve },
    signing: { name: 'ECDSA', hash: hashes[namedCurve] as string },
  };
}

function nameIn(subject: string): Name {
  const relativeNames = distinguishedName(subject).map((attributes) => {
    const byType = Map.groupBy(attributes, ({ type }) => type);
    return Object.fromEntries([...byType].map(([type, of]) => [type, of.map(({ value }) => encodingOf(type, value))]));
  });
  return new Name(relativeNames);
}

/** RFC 5280 appendix A.1: the country is two letters, the parts of domains and mail addresses are ASCII. */
function encodingOf(type: string, value: string) {
  if (asciiTypes.has(type)) return /^[\x20-\x7e]+$/.test(value) ? { ia5String: value } : unfit();
  if (type === country) return /^[A-Z]{2}$/i.test(value) ? { printableString: value } : unfit();
  return /^[A-Za-z0-9 '()+,\-./:=?]+$/.test(value) ? { printableString: value } : { utf8String: value };
}

function unfit(): never {
  throw new KeyError('subject_malformed', 'an attribute of the subject has characters that its type has not');
}
