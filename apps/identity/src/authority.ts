import 'reflect-metadata';
import { randomBytes, type webcrypto } from 'node:crypto';
import { join } from 'node:path';
import { keptOrMade } from '@gabion/service/private-file';
import { defaultTrustDomain, serviceId } from '@gabion/trust/spiffe';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import type { Clock } from './clock.ts';
import { uriConstraint } from './name-constraint.ts';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const signingAlgorithm = { name: 'ECDSA', hash: 'SHA-256' } as const;
const rootYears = 10;
/** Clocks of the machines of one installation may differ by this much. */
const skewMs = 5 * 60_000;

/** What one certificate says. */
export interface Leaf {
  readonly service: string;
  readonly dnsNames: readonly string[];
  readonly publicKey: webcrypto.CryptoKey;
}

export interface IssuedLeaf {
  readonly certificate: X509Certificate;
  readonly renewTime: Date;
  readonly expireTime: Date;
}

export interface AuthorityOptions {
  /** Folder of root.key and root.pem. */
  readonly dir: string;
  readonly lifetimeMs: number;
  readonly now: Clock;
}

/** Makes root.key and root.pem in `dir` unless they are there; the certificate is made from the key, so a crash in between loses nothing. */
export async function makeAuthority(dir: string, now: Clock): Promise<{ keyPem: string; rootPem: string }> {
  const keyPem = await keptOrMade(join(dir, 'root.key'), async () => {
    const { privateKey } = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    return PemConverter.encode(await crypto.subtle.exportKey('pkcs8', privateKey), 'PRIVATE KEY');
  });
  const rootPem = await keptOrMade(join(dir, 'root.pem'), async () => selfSigned(await keyPair(keyPem), now()));
  return { keyPem, rootPem };
}

/** The certificate authority of the platform itself: X.509-SVIDs for its services, nothing else. */
export class Authority {
  static async open(options: AuthorityOptions): Promise<Authority> {
    const { keyPem, rootPem } = await makeAuthority(options.dir, options.now);
    const { privateKey, publicKey } = await keyPair(keyPem);
    const root = new X509Certificate(rootPem);
    const certified = Buffer.from(root.publicKey.rawData);
    if (!certified.equals(Buffer.from(await crypto.subtle.exportKey('spki', publicKey))))
      throw new Error(`root.pem in ${options.dir} is not the certificate of root.key`);
    if (root.notAfter <= options.now())
      throw new Error(`root.pem in ${options.dir} expired at ${root.notAfter.toISOString()}`);
    return new Authority(root, privateKey, options);
  }

  readonly root: X509Certificate;
  readonly #key: webcrypto.CryptoKey;
  readonly #options: AuthorityOptions;

  private constructor(root: X509Certificate, key: webcrypto.CryptoKey, options: AuthorityOptions) {
    this.root = root;
    this.#key = key;
    this.#options = options;
  }

  /** Signs an X.509-SVID (SPIFFE X509-SVID §2 to §4). */
  async issue({ service, dnsNames, publicKey }: Leaf): Promise<IssuedLeaf> {
    const now = this.#options.now().getTime();
    // A certificate holds whole seconds; the times answered are those in it. None outlives the root.
    const expireTime = new Date(
      Math.floor(Math.min(now + this.#options.lifetimeMs, this.root.notAfter.getTime()) / 1000) * 1000,
    );
    const certificate = await X509CertificateGenerator.create({
      serialNumber: serial(),
      issuer: this.root.subject,
      subject: `CN=${service}`,
      notBefore: new Date(now - skewMs),
      notAfter: expireTime,
      publicKey,
      signingKey: this.#key,
      signingAlgorithm,
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
        new SubjectAlternativeNameExtension([
          { type: 'url', value: serviceId(service) },
          ...dnsNames.map((value) => ({ type: 'dns' as const, value })),
        ]),
        await AuthorityKeyIdentifierExtension.create(this.root.publicKey),
        await SubjectKeyIdentifierExtension.create(publicKey),
      ],
    });
    return { certificate, renewTime: new Date(now + (expireTime.getTime() - now) / 2), expireTime };
  }
}

async function selfSigned(keys: webcrypto.CryptoKeyPair, now: Date): Promise<string> {
  const notAfter = new Date(now);
  notAfter.setUTCFullYear(notAfter.getUTCFullYear() + rootYears);
  const root = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: `CN=Gabion ${defaultTrustDomain}`,
    notBefore: new Date(now.getTime() - skewMs),
    notAfter,
    keys,
    signingAlgorithm,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      new SubjectAlternativeNameExtension([{ type: 'url', value: `spiffe://${defaultTrustDomain}` }]),
      uriConstraint(defaultTrustDomain),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return `${root.toString('pem')}\n`;
}

async function keyPair(pem: string): Promise<webcrypto.CryptoKeyPair> {
  const pkcs8 = PemConverter.decodeFirst(pem);
  const readable = await crypto.subtle.importKey('pkcs8', pkcs8, algorithm, true, ['sign']);
  const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', readable);
  const jwk = { kty, crv, x, y } as webcrypto.JsonWebKey;
  const privateKey = await crypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign']);
  return { privateKey, publicKey: await crypto.subtle.importKey('jwk', jwk, algorithm, true, ['verify']) };
}

/** Random bits of a number that is positive and has no leading zero in DER (RFC 5280 §4.1.2.2). */
function serial(): string {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0]! & 0x7f) | 0x40;
  return bytes.toString('hex');
}
