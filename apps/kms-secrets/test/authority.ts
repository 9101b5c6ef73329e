import 'reflect-metadata';
import { randomBytes, type webcrypto } from 'node:crypto';
import type { IssuedCertificate } from '@gabion/trust/certificates';
import { serviceId } from '@gabion/trust/spiffe';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const signingAlgorithm = { name: 'ECDSA', hash: 'SHA-256' } as const;
const hourMs = 3_600_000;

/** An authority that issues certificates as identity does, and others that identity would not. */
export class TestAuthority {
  static async open(): Promise<TestAuthority> {
    const keys = await freshKeys();
    const root = await X509CertificateGenerator.createSelfSigned({
      serialNumber: serial(),
      name: 'CN=Gabion gabion.local',
      notBefore: new Date(Date.now() - hourMs),
      notAfter: new Date(Date.now() + 24 * hourMs),
      keys,
      signingAlgorithm,
      extensions: [
        new BasicConstraintsExtension(true, 0, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      ],
    });
    return new TestAuthority(root, keys.privateKey);
  }

  readonly root: X509Certificate;
  readonly #key: webcrypto.CryptoKey;

  private constructor(root: X509Certificate, key: webcrypto.CryptoKey) {
    this.root = root;
    this.#key = key;
  }

  /** A certificate for somebody else's key, which ends in an hour or ended `expiredMs` ago. */
  certify(service: string, publicKey: webcrypto.CryptoKey, { trustDomain = 'gabion.local', expiredMs = -hourMs } = {}) {
    return X509CertificateGenerator.create({
      serialNumber: serial(),
      issuer: this.root.subject,
      subject: `CN=${service}`,
      notBefore: new Date(Date.now() - hourMs),
      notAfter: new Date(Date.now() - expiredMs),
      publicKey,
      signingKey: this.#key,
      signingAlgorithm,
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
        new SubjectAlternativeNameExtension([
          { type: 'url', value: serviceId(service, trustDomain) },
          { type: 'dns', value: 'localhost' },
        ]),
      ],
    });
  }

  /** A certificate with a key of its own. */
  async issue(service: string, how: { trustDomain?: string; expiredMs?: number } = {}): Promise<IssuedCertificate> {
    const keys = await freshKeys();
    const certificate = await this.certify(service, keys.publicKey, how);
    const pkcs8 = await crypto.subtle.exportKey('pkcs8', keys.privateKey);
    return {
      certificate: Buffer.from(certificate.toString('pem')),
      privateKey: Buffer.from(PemConverter.encode(pkcs8, 'PRIVATE KEY')),
      trustBundle: Buffer.from(this.root.toString('pem')),
      renewTime: certificate.notAfter,
      expireTime: certificate.notAfter,
    };
  }
}

function freshKeys(): Promise<webcrypto.CryptoKeyPair> {
  return crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
}

/** Positive, and without a leading zero. */
function serial(): string {
  return `40${randomBytes(15).toString('hex')}`;
}
