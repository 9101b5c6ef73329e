import { createPrivateKey, sign, verify, X509Certificate } from 'node:crypto';
import type { IssuedCertificate } from './certificates.ts';
import { serviceOf } from './spiffe.ts';

/** Who signed a statement, as others can check it. */
export interface Signed {
  /** PEM, the signer's own certificate first. */
  readonly certificate: string;
  readonly signature: Buffer;
}

/** Extended key usage of one who shows a certificate to a server (RFC 5280 §4.2.1.12). */
const clientAuth = '1.3.6.1.5.5.7.3.2';
const pemCertificate = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * Signs with the key of the service's certificate. The statement begins with what it is for, so that one of another
 * purpose never passes for it.
 */
export function signStatement(
  statement: Uint8Array,
  own: Pick<IssuedCertificate, 'certificate' | 'privateKey'>,
): Signed {
  const signature = sign('sha256', statement, createPrivateKey(own.privateKey));
  return { certificate: own.certificate.toString(), signature };
}

/**
 * The service that signed a statement; undefined unless its certificate is one that a root of the bundle issued to a
 * service of the trust domain, and is valid at `now`. The platform's authority issues from its root and allows nobody
 * below it to (path length 0), so nothing stands between the two.
 */
export function signerOf(
  statement: Uint8Array,
  { certificate, signature }: Signed,
  { trustBundle, now }: { readonly trustBundle: Uint8Array; readonly now: Date },
): string | undefined {
  const leaf = parsed(certificate);
  if (!leaf || leaf.ca || !isValidAt(leaf, now) || !leaf.keyUsage?.includes(clientAuth)) return undefined;
  const roots = Buffer.from(trustBundle).toString().match(pemCertificate) ?? [];
  if (!roots.some((pem) => isIssuedBy(leaf, parsed(pem), now))) return undefined;
  return isSignedBy(leaf, statement, signature) ? serviceOf({ subjectaltname: leaf.subjectAltName }) : undefined;
}

function isIssuedBy(leaf: X509Certificate, root: X509Certificate | undefined, now: Date): boolean {
  return root?.ca === true && isValidAt(root, now) && leaf.checkIssued(root) && leaf.verify(root.publicKey);
}

function isSignedBy({ publicKey }: X509Certificate, statement: Uint8Array, signature: Buffer): boolean {
  return publicKey.asymmetricKeyType === 'ec' && verify('sha256', statement, publicKey, signature);
}

function isValidAt({ validFromDate, validToDate }: X509Certificate, now: Date): boolean {
  return validFromDate <= now && now < validToDate;
}

function parsed(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}
