import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import {
  BasicConstraintsExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const validity = { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + 3_600_000) };

/** A certificate authority that nobody knows unless told. */
export class TestAuthority {
  private constructor(
    private readonly keys: webcrypto.CryptoKeyPair,
    private readonly root: X509Certificate,
  ) {}

  static async create(): Promise<TestAuthority> {
    const keys = await keyPair();
    const root = await X509CertificateGenerator.createSelfSigned({
      name: 'CN=test authority',
      ...validity,
      keys,
      signingAlgorithm: algorithm,
      extensions: [new BasicConstraintsExtension(true, undefined, true)],
    });
    return new TestAuthority(keys, root);
  }

  /** Its own certificate in PEM. */
  get ca(): string {
    return this.root.toString('pem');
  }

  /** A server's key and certificate for host names and addresses. */
  async serverFor(...hosts: string[]): Promise<{ cert: string; key: string }> {
    const { publicKey, privateKey } = await keyPair();
    const names = hosts.map((value) => ({ type: isIP(value) ? ('ip' as const) : ('dns' as const), value }));
    const certificate = await X509CertificateGenerator.create({
      subject: 'CN=test server',
      issuer: this.root.subject,
      ...validity,
      publicKey,
      signingKey: this.keys.privateKey,
      signingAlgorithm: algorithm,
      extensions: [new SubjectAlternativeNameExtension(names)],
    });
    const key = PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', privateKey), 'PRIVATE KEY');
    return { cert: certificate.toString('pem'), key };
  }
}

function keyPair(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
}
